# Which region answered, over time: stacked, so that the upper edge is the whole.
set xlabel time_label
set ylabel "answers a second" textcolor rgb "#333333"
set xrange [from / time_unit:until / time_unit]
set yrange [0:*]
set offsets 0, 0, graph 0.12, 0
set grid front
do for [format in "svg png"] {
    eval(open(format, image, 900, 420))
    set label 1 title_text at screen 0.02, 0.955 left font ",16" noenhanced
    set label 2 subtitle_text at screen 0.02, 0.9 left textcolor rgb "#555555" noenhanced
    set tmargin at screen 0.80
    set key at screen 0.98, 0.845 right invert
    plot for [i = words(regions):1:-1] data using ($1 / time_unit):(column(i + 1)) \
             with fillsteps fillstyle solid 1 noborder linecolor rgb colour(i) title word(regions, i), \
         for [i = words(regions):1:-1] data using ($1 / time_unit):(column(i + 1)) \
             with steps linewidth 1 linecolor rgb "white" notitle
    unset output
}
