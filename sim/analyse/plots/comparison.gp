# The systems side by side: what clients got over time, and how long files took to come back.
n = words(arms)
dash(i) = i == 1 ? 1 : i == 2 ? 2 : 4
set xrange [from / time_unit:until / time_unit]
do for [format in "svg png"] {
    eval(open(format, image, 1080, 560))
    set multiplot
    eval(head(560))
    eval(legend_begin(0.075, 1 - 68.0 / 560, 1080))
    do for [i = 1:n] { eval(entry(word(arms, i), colour(i), dash(i), 2.2)) }
    set lmargin at screen 0.075
    set rmargin at screen 0.62
    # above: answered at all
    set tmargin at screen 0.80
    set bmargin at screen 0.52
    set yrange [0:114]
    set ytics 0, 25, 100 format "%g %%"
    set format x ""
    unset xlabel
    set label 3 "queries answered" at graph 0, 1.09 left noenhanced
    plot for [i = 1:n] sprintf("%s-%s.tsv", data, word(arms, i)) using ($1 / time_unit):($2 * 100) \
        with steps linewidth 2.2 dashtype dash(i) linecolor rgb colour(i)
    unset label 1; unset label 2
    do for [i = 1:n] { eval(sprintf("unset arrow %d; unset label %d", 9 + i, 9 + i)) }
    # below: answered before people notice
    set tmargin at screen 0.43
    set bmargin at screen 0.12
    set format x "%g"
    set xlabel time_label
    set label 3 "queries answered within 1 s" at graph 0, 1.09 left noenhanced
    plot for [i = 1:n] sprintf("%s-%s.tsv", data, word(arms, i)) using ($1 / time_unit):($3 * 100) \
        with steps linewidth 2.2 dashtype dash(i) linecolor rgb colour(i)
    # right: files back
    eval(hide_faults)
    set lmargin at screen 0.78
    set rmargin at screen 0.975
    set tmargin at screen 0.80
    set bmargin at screen 0.12
    set label 3 'files back after the outage' at graph -0.62, 1.055 left noenhanced
    set xrange [0:rto_most * 1.35]
    set yrange [n + 0.6:0.4]
    set ytics ("" 1)
    set for [i = 1:n] ytics add (word(arms, i) i) noenhanced
    set format y "%s"
    set xlabel rto_label
    set xtics auto
    unset grid
    set boxwidth 0.5
    set style fill solid 1 noborder
    plot for [i = 1:n] rto every ::i - 1::i - 1 using (0):1:(0):($2 / rto_unit):($1 - 0.26):($1 + 0.26) \
             with boxxyerror linecolor rgb colour(i), \
         rto using ($2 / rto_unit):1:3 with labels left offset 0.6, 0
    unset multiplot
    unset output
    eval(show_faults)
    set grid ytics linetype 1 linewidth 0.6 linecolor rgb "#e2e2e2"
    set xrange [from / time_unit:until / time_unit]
}
