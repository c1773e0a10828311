# SPDX-License-Identifier: GPL-3.0-or-later
# What some entry nodes believed about the nodes that could answer, over time.
n = words(nodes)
h = 150 + 190 * n
set xrange [from / time_unit:until / time_unit]
set yrange [0:1.08]
set ytics 0, 0.5, 1
set ylabel "trail" textcolor rgb "#333333" offset 1, 0
do for [format in "svg png"] {
    eval(open(format, image, 900, h))
    top = 1 - 62.0 / h
    height = (top - 55.0 / h) / n
    set multiplot
    eval(head(h))
    do for [k = 1:n] {
        set tmargin at screen top - (k - 1) * height - 26.0 / h
        set bmargin at screen top - k * height + 12.0 / h
        set lmargin at screen 0.09
        set rmargin at screen 0.84
        set label 3 sprintf("at %s", word(nodes, k)) at graph 0, 1.08 left noenhanced
        set format x (k == n ? "%g" : "")
        if (k == n) { set xlabel time_label } else { unset xlabel }
        file = sprintf("%s-%s.tsv", data, word(nodes, k))
        peers = words(looks[k]) / 3
        do for [i = 1:peers] {
            y = 1 - 0.115 * (i - 0.5)
            eval(sprintf("set arrow %d from graph 1.02, %.4f to graph 1.065, %.4f nohead linecolor rgb '%s' dashtype %s linewidth 2", 9 + i, y, y, colour(int(word(looks[k], 3 * i - 1))), word(looks[k], 3 * i)))
            eval(sprintf("set label %d '%s' at graph 1.075, %.4f left noenhanced textcolor rgb '#222222'", 9 + i, word(looks[k], 3 * i - 2), y))
        }
        plot for [i = 1:peers] file using ($1 / time_unit):(column(i + 1)) with lines linewidth 2 \
            linecolor rgb colour(int(word(looks[k], 3 * i - 1))) dashtype int(word(looks[k], 3 * i))
        unset label 1
        unset label 2
        do for [i = 1:peers] { eval(sprintf("unset arrow %d; unset label %d", 9 + i, 9 + i)) }
    }
    unset label 3
    unset multiplot
    unset output
}
