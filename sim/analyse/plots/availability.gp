# Who got an answer, over time.
set xlabel time_label
set xrange [from / time_unit:until / time_unit]
set yrange [0:112]
set ytics 0, 20, 100 format "%g %%"
do for [format in "svg png"] {
    eval(open(format, image, 900, 420))
    set label 1 title_text at screen 0.02, 0.955 left font ",16" noenhanced
    set label 2 subtitle_text at screen 0.02, 0.9 left textcolor rgb "#555555" noenhanced
    set tmargin at screen 0.80
    set key at screen 0.98, 0.845 right
    plot data using ($1 / time_unit):($4 * 100) with steps linewidth 1.6 dashtype 2 linecolor rgb grey title "clients in the failed region", \
         data using ($1 / time_unit):($3 * 100) with steps linewidth 1.8 linecolor rgb orange title "all others, within 1 s", \
         data using ($1 / time_unit):($2 * 100) with steps linewidth 2.4 linecolor rgb blue title "all others"
    unset output
}
