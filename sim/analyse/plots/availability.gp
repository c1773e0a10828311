# SPDX-License-Identifier: GPL-3.0-or-later
# Who got an answer, over time.
set xlabel time_label
set xrange [from / time_unit:until / time_unit]
set yrange [0:112]
set ytics 0, 20, 100 format "%g %%"
do for [format in "svg png"] {
    eval(open(format, image, 900, 420))
    eval(head(420))
    eval(legend_begin(0.08, 1 - 68.0 / 420, 900))
    eval(entry("clients outside failed regions", blue, 1, 2.4))
    eval(entry("the same, within 1 s", orange, 1, 1.8))
    eval(entry("clients inside when they asked", grey, 2, 1.6))
    plot data using ($1 / time_unit):($4 * 100) with steps linewidth 1.6 dashtype 2 linecolor rgb grey, \
         data using ($1 / time_unit):($2 * 100) with steps linewidth 2.4 linecolor rgb blue, \
         data using ($1 / time_unit):($3 * 100) with steps linewidth 1.8 linecolor rgb orange
    unset output
}
