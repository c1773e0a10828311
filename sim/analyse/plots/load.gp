# SPDX-License-Identifier: GPL-3.0-or-later
# What the holders of each region are asked for, over time, against what they can give.
n = words(regions)
columns = n > 3 ? 2 : 1
rows = (n + columns - 1) / columns
h = 140 + 150 * rows
set xrange [from / time_unit:until / time_unit]
set yrange [0:most * 1.12]
set offsets 0, 0, 0, 0
do for [format in "svg png"] {
    eval(open(format, image, 900, h))
    set multiplot
    eval(head(h))
    eval(legend_begin(0.07, 1 - 68.0 / h, 900))
    eval(entry("asked for", blue, 1, 8))
    eval(entry("capacity", black, 1, 2))
    top = 1 - 80.0 / h
    height = (top - 55.0 / h) / rows
    do for [k = 1:n] {
        row = (k - 1) / columns
        column_of = (k - 1) % columns
        set tmargin at screen top - row * height - 24.0 / h
        set bmargin at screen top - (row + 1) * height + 10.0 / h
        set lmargin at screen 0.07 + column_of * 0.93 / columns
        set rmargin at screen 0.05 + (column_of + 1) * 0.93 / columns - 0.02
        set label 3 word(regions, k) at graph 0, 1.09 left noenhanced
        last = row == rows - 1 || k + columns > n
        set format x (last ? "%g" : "")
        if (last) { set xlabel time_label } else { unset xlabel }
        set ylabel (column_of == 0 ? "cores" : "") textcolor rgb "#333333"
        plot data using ($1 / time_unit):(column(2 * k)) with fillsteps fillstyle solid 0.55 noborder linecolor rgb blue, \
             data using ($1 / time_unit):(column(2 * k + 1)) with steps linewidth 2 linecolor rgb black
        unset label 1
        unset label 2
        do for [i = 10:legend_n] { eval(sprintf("unset arrow %d; unset label %d", i, i)) }
    }
    unset label 3
    unset multiplot
    unset output
}
