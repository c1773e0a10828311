# SPDX-License-Identifier: GPL-3.0-or-later
# One look for all plots.  Colours after Okabe and Ito (2008): told apart by people who see fewer
# of them, and by their lightness where there is none; dashes and widths say the same again.
set encoding utf8
set border 3 linecolor rgb "#555555" linewidth 0.8
set tics nomirror out textcolor rgb "#333333"
set grid ytics linetype 1 linewidth 0.6 linecolor rgb "#e2e2e2"
set key top right outside horizontal Right samplen 2.4 spacing 1.1 textcolor rgb "#222222"
set title "" noenhanced
blue = "#0072b2"; orange = "#e69f00"; green = "#009e73"; red = "#d55e00"
sky = "#56b4e9"; purple = "#cc79a7"; grey = "#888888"; black = "#222222"
colours = "#0072b2 #e69f00 #56b4e9 #d55e00 #009e73 #cc79a7 #f0e442 #888888"
colour(i) = word(colours, (i - 1) % words(colours) + 1)

# Begin the image @name in @format, @w x @h points.
svg(name, w, h) = sprintf("set terminal svg size %d,%d dynamic font 'Helvetica,14' background rgb 'white' dashlength 1.2; set output '../%s.svg'", w, h, name)
png(name, w, h) = sprintf("set terminal pngcairo size %d,%d font 'Helvetica,14' fontscale 2 linewidth 2 pointscale 2 dashlength 1.2; set output '../%s.png'", 2 * w, 2 * h, name)
open(format, name, w, h) = format eq "svg" ? svg(name, w, h) : png(name, w, h)
# Times on the x axis: seconds, or minutes in long runs.
time_label = time_unit == 60 ? "time, min" : "time, s"
