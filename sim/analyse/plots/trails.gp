# What some entry nodes believed about the nodes that could answer, over time.
n = words(nodes)
set xrange [from / time_unit:until / time_unit]
set yrange [0:1.08]
set ytics 0, 0.5, 1
do for [format in "svg png"] {
    eval(open(format, image, 900, 150 + 190 * n))
    top = 1 - 75.0 / (150 + 190 * n)
    bottom = 55.0 / (150 + 190 * n)
    height = (top - bottom) / n
    set multiplot
    set label 1 title_text at screen 0.02, 1 - 22.0 / (150 + 190 * n) left font ",16" noenhanced
    set label 2 subtitle_text at screen 0.02, 1 - 48.0 / (150 + 190 * n) left textcolor rgb "#555555" noenhanced
    do for [k = 1:n] {
        set tmargin at screen top - (k - 1) * height - 0.12 * height
        set bmargin at screen top - k * height + 0.06 * height
        set lmargin at screen 0.09
        set rmargin at screen 0.84
        set label 3 sprintf("at %s", word(nodes, k)) at graph 0, 1.07 left font ",14" noenhanced
        set format x (k == n ? "%g" : "")
        if (k == n) { set xlabel time_label } else { unset xlabel }
        set ylabel "trail" textcolor rgb "#333333"
        set key at graph 1.02, 1 left top vertical Left reverse
        file = sprintf("%s-%s.tsv", data, word(nodes, k))
        stats file using 1 nooutput
        columns = STATS_columns
        plot for [i = 2:columns] file using ($1 / time_unit):i with steps linewidth 2 \
            linecolor rgb colour(int(word(looks[k], 2 * (i - 1) - 1))) \
            dashtype int(word(looks[k], 2 * (i - 1))) title columnheader(i)
        unset label 1
        unset label 2
    }
    unset label 3
    unset multiplot
    unset output
}
