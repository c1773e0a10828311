# How long clients waited, over time.
set logscale y 10
set ytics ("0.1 ms" 1e-4, "1 ms" 1e-3, "10 ms" 1e-2, "100 ms" 0.1, "1 s" 1, "10 s" 10, "100 s" 100)
set mytics 10
set xlabel time_label
set xrange [from / time_unit:until / time_unit]
set yrange [*:*]
set offsets 0, 0, graph 0.12, 0
do for [format in "svg png"] {
    eval(open(format, image, 900, 420))
    set label 1 title_text at screen 0.02, 0.955 left font ",16" noenhanced
    set label 2 subtitle_text at screen 0.02, 0.9 left textcolor rgb "#555555" noenhanced
    set tmargin at screen 0.80
    set key at screen 0.98, 0.845 right
    plot data using ($1 / time_unit):4 with lines linewidth 1.4 dashtype 3 linecolor rgb grey title "99.9 %", \
         data using ($1 / time_unit):3 with lines linewidth 2 linecolor rgb orange title "99 %", \
         data using ($1 / time_unit):2 with lines linewidth 2.4 linecolor rgb blue title "median"
    unset output
}
