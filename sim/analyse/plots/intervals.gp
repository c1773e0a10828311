# SPDX-License-Identifier: GPL-3.0-or-later
# Intervals of every measure, a panel each, two beside each other; a row a system.  Filled: the
# difference to the baseline holds; open: it may be chance; a square and a band: the baseline.
rows = (panels + 1) / 2
height = 10.0 + 22 * arms
pitch = height + 66
h = 90 + rows * pitch
w = 1080.0
top(i) = 1 - (118.0 + ((i - 1) / 2) * pitch) / h
# room for names at the left, and for figures at the right of each panel
margin = (34.0 + 7.3 * longest_name) / w
width = (0.99 - margin) / 2 - 0.222
left(i) = margin + (i % 2 == 1 ? 0 : width + 0.222)
tab(i) = sprintf("intervals-%d.tsv", i)
log_tics(wide) = wide ? "('0.01 ms' 1e-5, '1 ms' 1e-3, '100 ms' 0.1, '10 s' 10, '1000 s' 1000)" : "('0.1 ms' 1e-4, '1 ms' 1e-3, '10 ms' 0.01, '100 ms' 0.1, '1 s' 1, '10 s' 10, '100 s' 100)"
eval(hide_faults)
set border 1 linecolor rgb "#bbbbbb" linewidth 0.8
unset ytics
unset grid
set yrange [arms + 0.7:0.3]
do for [format in "svg png"] {
    eval(open(format, image, w, int(h)))
    set multiplot
    eval(head(h))
    set label 10 "difference holds" at screen margin + 0.01, 1 - 70.0 / h left offset 1.2, 0 point pointtype 7 pointsize 0.9 linecolor rgb blue
    set label 11 "not told apart" at screen margin + 0.185, 1 - 70.0 / h left offset 1.2, 0 point pointtype 6 pointsize 0.9 linewidth 1.6 linecolor rgb "#555555"
    set label 12 "baseline, its interval as a band" at screen margin + 0.345, 1 - 70.0 / h left offset 1.2, 0 point pointtype 4 pointsize 0.9 linewidth 1.6 linecolor rgb black
    do for [i = 1:panels] {
        set lmargin at screen left(i)
        set rmargin at screen left(i) + width
        set tmargin at screen top(i)
        set bmargin at screen top(i) - height / h
        set label 20 panel_title[i] at graph 0, screen top(i) + 8 / h left noenhanced font ",13"
        if (panel_log[i]) { set logscale x 10 } else { unset logscale x }
        set xrange [panel_from[i]:panel_until[i]]
        if (panel_log[i] && (panel_unit[i] eq "s")) {
            eval("set xtics nomirror out offset 0, 0.35 font ',10' " . log_tics(panel_until[i] / panel_from[i] > 1000))
        } else {
            set xtics nomirror out autofreq offset 0, 0.35 font ",10"
            span = panel_until[i] - panel_from[i]
            step = 10.0 ** floor(log10(span / 2))
            step = span / step > 8 ? 4 * step : span / step > 4 ? 2 * step : step
            if (!panel_log[i]) { set xtics step }
            set format x "%.7g" . (panel_unit[i] eq "" ? "" : " " . (panel_unit[i] eq "%" ? "%%" : panel_unit[i]))
        }
        plot tab(i) using 3:($6 == 0 ? $1 : NaN):4:5:(0.4):(arms + 0.6) with boxxyerror notitle \
                 fillstyle solid 0.10 noborder linecolor rgb black, \
             tab(i) using 3:1:4:5 with xerrorbars pointtype 0 linewidth 2.2 linecolor rgb "#555555", \
             tab(i) using ($6 == 2 ? $3 : NaN):1 with points pointtype 7 pointsize 0.9 linecolor rgb blue, \
             tab(i) using ($6 == 1 ? $3 : NaN):1 with points pointtype 7 pointsize 0.9 linecolor rgb "white", \
             tab(i) using ($6 == 1 ? $3 : NaN):1 with points pointtype 6 pointsize 0.9 linewidth 1.6 linecolor rgb "#555555", \
             tab(i) using ($6 == 0 ? $3 : NaN):1 with points pointtype 5 pointsize 0.9 linecolor rgb "white", \
             tab(i) using ($6 == 0 ? $3 : NaN):1 with points pointtype 4 pointsize 0.9 linewidth 1.6 linecolor rgb black, \
             tab(i) using (panel_until[i]):1:(stringcolumn(7) . ($6 == 0 ? "" : ", " . stringcolumn(8))) with labels left offset 1, 0 noenhanced font ",10" textcolor rgb "#333333", \
             tab(i) using (panel_from[i]):1:(i % 2 == 1 ? stringcolumn(2) : "") with labels right offset -1, 0 noenhanced font ",11" textcolor rgb "#222222"
        unset label 1
        unset label 2
        unset label 10
        unset label 11
        unset label 12
    }
    unset multiplot
    unset output
}
