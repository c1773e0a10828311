# SPDX-License-Identifier: GPL-3.0-or-later
# One measure over every parameter, three panels beside each other.  Points: the design; a line:
# means of equal parts of the range; dashed: the defaults.
columns = panels < 3 ? panels : 3
rows = (panels + columns - 1) / columns
w = 1080.0
h = 90 + rows * 230.0
tab(i) = sprintf("response-%d-%d.tsv", measure, i)
top(i) = 1 - (110.0 + ((i - 1) / columns) * 230.0) / h
left(i) = (70.0 + ((i - 1) % columns) * (w - 20) / columns) / w
eval(hide_faults)
set grid ytics
set xrange [-0.03:1.03]
set format y "%.4g" . (unit eq "" || unit eq "1" ? "" : " " . unit)
do for [format in "svg png"] {
    eval(open(format, image, w, int(h)))
    set multiplot
    eval(head(h))
    do for [i = 1:panels] {
        set lmargin at screen left(i)
        set rmargin at screen left(i) + ((w - 20) / columns - 90) / w
        set tmargin at screen top(i)
        set bmargin at screen top(i) - 150.0 / h
        set label 20 panel_title[i] at graph 0, screen top(i) + 9 / h left noenhanced font ",12"
        eval('set xtics (' . panel_tics[i] . ') nomirror out font ",10"')
        set ytics nomirror out font ",10"
        plot tab(i) index 0 using 1:2 with points pointtype 7 pointsize 0.5 linecolor rgb "#888888" notitle, \
             tab(i) index 1 using 1:2 with linespoints pointtype 7 pointsize 0.7 linewidth 2 linecolor rgb blue notitle, \
             defaults with lines dashtype 2 linewidth 1.4 linecolor rgb black notitle
        unset label 1
        unset label 2
    }
    unset multiplot
    unset output
}
