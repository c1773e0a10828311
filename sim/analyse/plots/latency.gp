# SPDX-License-Identifier: GPL-3.0-or-later
# How long clients waited, over time.
stats data using 2 name "low" nooutput
stats data using 4 name "high" nooutput
set logscale y 10
set ytics ("0.1 ms" 1e-4, "1 ms" 1e-3, "10 ms" 1e-2, "100 ms" 0.1, "1 s" 1, "10 s" 10, "100 s" 100)
set ytics add ("" 3e-4 1, "" 3e-3 1, "" 0.03 1, "" 0.3 1, "" 3 1, "" 30 1)
set xlabel time_label
set xrange [from / time_unit:until / time_unit]
set yrange [low_min / 2:high_max * 4]
do for [format in "svg png"] {
    eval(open(format, image, 900, 420))
    eval(head(420))
    eval(legend_begin(0.08, 1 - 68.0 / 420, 900))
    eval(entry("median", blue, 1, 2.4))
    eval(entry("99 %", orange, 1, 2))
    eval(entry("99.9 %", grey, 2, 1.4))
    plot data using ($1 / time_unit):4 with steps linewidth 1.4 dashtype 2 linecolor rgb grey, \
         data using ($1 / time_unit):3 with steps linewidth 2 linecolor rgb orange, \
         data using ($1 / time_unit):2 with steps linewidth 2.4 linecolor rgb blue
    unset output
}
