# SPDX-License-Identifier: GPL-3.0-or-later
# One look for all plots.  Colours after Okabe and Ito (2008): told apart by people who see fewer
# of them, and by their lightness where there is none; dashes and widths say the same again.
set encoding utf8
set border 3 linecolor rgb "#555555" linewidth 0.8
set tics nomirror out textcolor rgb "#333333"
set grid ytics linetype 1 linewidth 0.6 linecolor rgb "#e2e2e2"
unset key
set title "" noenhanced
blue = "#0072b2"; orange = "#e69f00"; green = "#009e73"; red = "#d55e00"
sky = "#56b4e9"; purple = "#cc79a7"; grey = "#888888"; black = "#222222"
colours = "#0072b2 #e69f00 #56b4e9 #d55e00 #009e73 #cc79a7 #f0e442 #888888"
colour(i) = word(colours, (i - 1) % words(colours) + 1)

# Begin the image @name in @format, @w x @h points.
svg(name, w, h) = sprintf("set terminal svg size %d,%d dynamic font 'Helvetica,12' background rgb 'white' dashlength 1.2; set output '../%s.svg'", w, h, name)
png(name, w, h) = sprintf("set terminal pngcairo size %d,%d font 'Helvetica,12' fontscale 2 linewidth 2 pointscale 2 dashlength 1.2; set output '../%s.png'", 2 * w, 2 * h, name)
open(format, name, w, h) = format eq "svg" ? svg(name, w, h) : png(name, w, h)
# Title and subtitle above a plot of @h points, which leaves a row for the legend below them.
head(h) = sprintf("set label 1 title_text at screen 0.02, %.4f left font ',15' noenhanced; set label 2 subtitle_text at screen 0.02, %.4f left textcolor rgb '#555555' noenhanced; set tmargin at screen %.4f", 1 - 22.0 / h, 1 - 44.0 / h, 1 - 86.0 / h)
# The legend: a row of samples and words, each begun where the last ended (gnuplot's own key breaks
# into columns where it likes, over the data).  @x, @y on the screen, @w its width in points.
legend_x = 0.0
legend_n = 0
legend_begin(x, y, w) = (legend_x = x, legend_y = y, legend_w = w, legend_n = 10, "")
legend_line(c, d, l) = sprintf("set arrow %d from screen %.4f, %.4f to screen %.4f, %.4f nohead linecolor rgb '%s' dashtype %d linewidth %g", legend_n, legend_x, legend_y, legend_x + 30.0 / legend_w, legend_y, c, d, l)
legend_text(t) = sprintf("set label %d '%s' at screen %.4f, %.4f left noenhanced textcolor rgb '#222222'", legend_n, t, legend_x + 36.0 / legend_w, legend_y)
legend_next(t) = (legend_x = legend_x + (36.0 + 30.0 + 8.2 * strlen(t)) / legend_w, legend_n = legend_n + 1, "")
entry(t, c, d, l) = legend_line(c, d, l) . ";" . legend_text(t) . ";" . legend_next(t)
# Times on the x axis: seconds, or minutes in long runs.
time_label = time_unit == 60 ? "time, min" : "time, s"
