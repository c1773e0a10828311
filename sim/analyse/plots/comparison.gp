# SPDX-License-Identifier: GPL-3.0-or-later
# The systems side by side: what clients got over time, how long files took to come back, and how
# much work was lost with them.
n = words(arms)
arm_colours = "#888888 #e69f00 #0072b2 #009e73 #d55e00 #cc79a7 #56b4e9 #222222"
arm_colour(i) = word(arm_colours, (i - 1) % words(arm_colours) + 1)
dash(i) = i == n ? 1 : i % 2 == 1 ? 3 : 2
width(i) = i == n ? 3.4 : 2
curve = "plot for [i = n:1:-1] sprintf('%s-%s.tsv', data, word(arms, i)) using ($1 / time_unit):(column(shown) * 100) with lines linewidth width(i) dashtype dash(i) linecolor rgb arm_colour(i)"
bars = "plot for [i = 1:n] bar_file every ::i - 1::i - 1 using (0):1:(0):($3 / bar_unit):($1 - 0.06):($1 + 0.34) with boxxyerror linecolor rgb arm_colour(i), bar_file using ($3 / bar_unit):($1 + 0.14):4 with labels left offset 0.6, 0, bar_file using (0):($1 - 0.22):2 with labels left offset 0.2, 0 noenhanced textcolor rgb '#555555'"
set boxwidth 0.5
set style fill solid 1 noborder
do for [format in "svg png"] {
    eval(open(format, image, 1080, 580))
    set multiplot
    eval(head(580))
    eval(legend_begin(0.065, 1 - 68.0 / 580, 1080))
    do for [i = 1:n] { eval(entry(word(arms, i), arm_colour(i), dash(i), width(i))) }
    set lmargin at screen 0.065
    set rmargin at screen (rto_there || rpo_there ? 0.64 : 0.97)
    set xrange [from / time_unit:until / time_unit]
    set grid ytics
    # above: answered at all
    set tmargin at screen 0.80
    set bmargin at screen 0.52
    set yrange [-4:118]
    set ytics nomirror out 0, 25, 100 format "%g %%"
    set format x ""
    unset xlabel
    set label 3 "queries answered" at graph 0, 1.08 left noenhanced
    shown = 2
    eval(curve)
    unset label 1
    unset label 2
    do for [i = 1:n] { eval(sprintf("unset arrow %d; unset label %d", 9 + i, 9 + i)) }
    # below: answered before people notice
    set tmargin at screen 0.43
    set bmargin at screen 0.11
    set format x "%g"
    set xlabel time_label
    set label 3 "queries answered within 1 s" at graph 0, 1.08 left noenhanced
    shown = 3
    eval(curve)
    # right: files, where any came back
    eval(hide_faults)
    unset grid
    set lmargin at screen 0.70
    set rmargin at screen 0.97
    set yrange [n + 0.5:0.5]
    unset ytics
    if (rto_there) {
        set tmargin at screen 0.80
        set bmargin at screen 0.52
        set label 3 "files back after" at graph 0, 1.08 left noenhanced
        bar_file = "comparison-rto.tsv"; bar_unit = rto_unit
        set xrange [0:rto_most * 1.35]
        set xlabel rto_label offset 0, 0.6
        eval(bars)
    }
    if (rpo_there) {
        set tmargin at screen 0.37
        set bmargin at screen 0.11
        set label 3 "work lost: age of what came back" at graph 0, 1.08 left noenhanced
        bar_file = "comparison-rpo.tsv"; bar_unit = rpo_unit
        set xrange [0:rpo_most * 1.35]
        set xlabel rpo_label
        eval(bars)
    }
    unset multiplot
    unset output
    eval(show_faults)
}
