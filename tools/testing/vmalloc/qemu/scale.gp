# SPDX-License-Identifier: GPL-2.0
#
# Lines that an operation moves against CPUs, a panel for each workload. Reads a
# file of its name in the current directory for each of "workloads", writes a PNG
# to standard output. These and "linux" are told by the caller.

set terminal pngcairo size 1600,1000 font "DejaVu Sans,11" background "white"
columns = 4
rows = (words(workloads) + columns - 1) / columns
set multiplot layout rows,columns \
	title "Lines that an operation moves from one CPU to another, CPUs taking turns, " . linux \
	font "DejaVu Sans,14"

set logscale x 2
set xrange [1.5:90]
set xtics (2, 4, 8, 16, 32, 64)
# From 0, and no panel shows noise as large as another's signal.
set yrange [0:5<*]
set grid xtics ytics linecolor rgb "#dddddd" linetype 1
set key top left reverse Left samplen 2
set border 3
set tics nomirror

set style line 1 linecolor rgb "#c0392b" linewidth 2 pointtype 5 pointsize 1.1
set style line 2 linecolor rgb "#1e8449" linewidth 2 dashtype 2 pointtype 6 pointsize 1.6
set style line 3 linecolor rgb "#154360" linewidth 2 pointtype 7 pointsize 1.1

do for [workload in workloads] {
	set title workload noenhanced font "DejaVu Sans,12"
	plot workload using 1:2 with linespoints linestyle 1 title "stock", \
		"" using 1:3 with linespoints linestyle 2 title "bounded", \
		"" using 1:4 with linespoints linestyle 3 title "ordered"
	unset key
}
unset multiplot
