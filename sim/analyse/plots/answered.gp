# SPDX-License-Identifier: GPL-3.0-or-later
# Which region answered, over time: stacked, so that the upper edge is the whole.
set xlabel time_label
set ylabel "answers a second" textcolor rgb "#333333"
set xrange [from / time_unit:until / time_unit]
set yrange [0:*]
set offsets 0, 0, graph 0.15, 0
set grid front
# white edges part the colours, until they are all there is
stats data using 1 name "bars" nooutput
edges = bars_records > 300 ? 0 : words(regions)
do for [format in "svg png"] {
    eval(open(format, image, 900, 420))
    eval(head(420))
    eval(legend_begin(0.08, 1 - 68.0 / 420, 900))
    do for [i = 1:words(regions)] { eval(entry(word(regions, i), colour(i), 1, 8)) }
    plot for [i = words(regions):1:-1] data using ($1 / time_unit):(column(i + 1)) \
             with fillsteps fillstyle solid 1 noborder linecolor rgb colour(i), \
         for [i = edges:1:-1] data using ($1 / time_unit):(column(i + 1)) \
             with steps linewidth 1 linecolor rgb "white"
    unset output
}
