# SPDX-License-Identifier: GPL-3.0-or-later
# Who thought whom alive, suspect or dead, over time: a row a node, and in it a line for each that
# knows it.
rows = words(nodes)
h = 150 + (rows * step > 300 ? rows * step : 300)
set xlabel time_label
set xrange [from / time_unit:until / time_unit]
set yrange [rows:0]
unset ytics
set grid noytics
do for [i = 1:rows] {
    set label 200 + i word(nodes, i) at graph -0.01, first i - 0.5 right noenhanced
    set arrow 200 + i from graph 0, first i - 1 to graph 1, first i - 1 nohead linecolor rgb "#e2e2e2" linewidth 0.6 back
}
do for [format in "svg png"] {
    eval(open(format, image, 900, h))
    eval(head(h))
    set lmargin at screen 0.12
    eval(legend_begin(0.12, 1 - 68.0 / h, 900))
    eval(entry("alive", sky, 1, 2.4))
    eval(entry("suspect", orange, 1, 2.4))
    eval(entry("dead", black, 1, 2.4))
    eval(entry("left", purple, 1, 2.4))
    shade(s) = s == 0 ? 0x56b4e9 : s == 1 ? 0xe69f00 : s == 2 ? 0x222222 : 0xcc79a7
    plot data using ($1 / time_unit):3:(($2 - $1) / time_unit):(0):(shade($4)) with vectors nohead \
        linecolor rgb variable linewidth width
    unset output
}
