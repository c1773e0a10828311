# SPDX-License-Identifier: GPL-3.0-or-later
# Who sent how much to whom: a matrix of regions, without a fault and during one.
n = words(regions)
cell = n > 8 ? 38 : 52
side = n * cell
w = 130 + panels * (side + 60)
h = 150 + side
unset grid
unset border
eval(hide_faults)
set palette defined (0 "#ffffff", 1 "#0072b2")
set cbrange [0:most]
unset colorbox
set xrange [-0.5:n - 0.5]
set yrange [n - 0.5:-0.5]
set xtics ("" 0) scale 0
set ytics ("" 0) scale 0
do for [i = 1:n] { set xtics add (word(regions, i) i - 1); set ytics add (word(regions, i) i - 1) }
set xtics noenhanced rotate by (n > 8 ? 45 : 0) right
if (n <= 8) { set xtics norotate center }
set ytics noenhanced
set xlabel "to the nodes of"
do for [format in "svg png"] {
    eval(open(format, image, w, h))
    set multiplot
    eval(head(h))
    do for [k = 1:panels] {
        set lmargin at screen (110.0 + (k - 1) * (side + 60)) / w
        set rmargin at screen (110.0 + (k - 1) * (side + 60) + side) / w
        set tmargin at screen 1 - 90.0 / h
        set bmargin at screen 1 - (90.0 + side) / h
        set ylabel (k == 1 ? "from the nodes of" : "")
        if (k == 2) { set format y "" } else { set format y "%g" }
        set label 3 word(names, k) at graph 0.5, 1.05 center textcolor rgb "#333333"
        shown(v) = v < 0.5 ? "" : sprintf(v < 9.5 ? "%.1f" : "%.0f", v)
        dark(v) = v > 0.55 * most ? 0xffffff : 0x222222
        plot data index k - 1 using 2:1:3 with image pixels, \
             data index k - 1 using 2:1:(shown($3)):(dark($3)) with labels textcolor rgb variable
        unset label 1
        unset label 2
    }
    unset label 3
    unset multiplot
    unset output
}
