# SPDX-License-Identifier: GPL-2.0
#
# Preemption off against areas waiting, a panel for each architecture, and the
# delays of a real-time task. Reads ARCH-IMPL-ORDER and wakeup in the current
# directory, writes a PNG to standard output. The caller tells of which "linux", and
# "archs".

panels = words(archs) + 1
set terminal pngcairo size 535 * panels,620 font "DejaVu Sans,11" background "white"
set multiplot layout 1,panels \
	title "Preemption off during one vmalloc drain, and what it does to others, one CPU, " . linux \
	font "DejaVu Sans,14"

set logscale xy
set xrange [350:1400000]
# The keys of nine curves go above them.
set yrange [1:5000000000]
set xlabel "lazily freed areas waiting for the drain"
set format x "%.0f"
set format y "%.0f"
set xtics (500, "2,000" 2000, "8,192" 8192, "" 20000, "100,000" 100000, \
	"10^6" 1000000)
set ytics ("1" 1, "10" 10, "100" 100, "1,000" 1000, "10,000" 10000, \
	"100,000" 100000, "10^6" 1000000)
set grid xtics ytics linecolor rgb "#dddddd" linetype 1
set key top left reverse Left samplen 2 spacing 1.1 width -2
set border 3
set tics nomirror

# Colour tells the vmalloc, the point's shape the order of freeing.
set style line 1 linecolor rgb "#c0392b" linewidth 2 pointtype 5 pointsize 1.1
set style line 2 linecolor rgb "#e67e22" linewidth 2 pointtype 7 pointsize 1.1
set style line 3 linecolor rgb "#f5b041" linewidth 2 pointtype 9 pointsize 1.3
set style line 4 linecolor rgb "#154360" linewidth 2 pointtype 5 pointsize 1.1
set style line 5 linecolor rgb "#2e86c1" linewidth 2 pointtype 7 pointsize 1.1
set style line 6 linecolor rgb "#7fb3d5" linewidth 2 pointtype 9 pointsize 1.3
set style line 7 linecolor rgb "#1e8449" linewidth 2 dashtype 2 pointtype 4 pointsize 1.6
set style line 8 linecolor rgb "#58d68d" linewidth 2 dashtype 2 pointtype 6 pointsize 1.6
set style line 10 linecolor rgb "#abebc6" linewidth 2 dashtype 2 pointtype 8 pointsize 1.8
set style line 9 linecolor rgb "#555555" linewidth 1 dashtype 2

do for [arch in archs] {
	if (arch eq "x86_64") {
		set ylabel "longest time with preemption off (us, 1 us = 1000 instructions)"
	} else {
		unset ylabel
	}
	set title arch noenhanced font "DejaVu Sans,12"
	plot \
		arch."-stock-checkerboard" with linespoints linestyle 1 \
			title "stock, every second neighbour busy", \
		arch."-stock-sequential" with linespoints linestyle 2 \
			title "stock, sequential", \
		arch."-stock-random" with linespoints linestyle 3 \
			title "stock, random", \
		arch."-bounded-checkerboard" with linespoints linestyle 7 \
			title "stock, lock offered every 32, every second", \
		arch."-bounded-sequential" with linespoints linestyle 8 \
			title "the same, sequential", \
		arch."-bounded-random" with linespoints linestyle 10 \
			title "the same, random", \
		arch."-ordered-checkerboard" with linespoints linestyle 4 \
			title "ordered, every second neighbour busy", \
		arch."-ordered-sequential" with linespoints linestyle 5 \
			title "ordered, sequential", \
		arch."-ordered-random" with linespoints linestyle 6 \
			title "ordered, random", \
		20 with lines linestyle 9 title "20 us"
}

set title "x86_64, wake-ups of a real-time task" noenhanced \
	font "DejaVu Sans,12"
set ylabel "longest delay (us)"
unset xlabel
unset logscale x
set yrange [1:10000000]
set format x "%s"
set xrange [-0.7:2.7]
set xtics ("idle" 0, "while others allocate,\nfree and drain" 1, "in drains alone" 2)
set style data histogram
set style histogram clustered gap 1
set style fill solid 0.9 noborder
plot "wakeup" using 2 linecolor rgb "#c0392b" title "stock", \
	"" using 3 linecolor rgb "#1e8449" title "stock, lock offered every 32", \
	"" using 4 linecolor rgb "#154360" title "ordered", \
	"" using ($0 - 0.25):2:2 with labels offset 0,0.7 notitle, \
	"" using ($0):3:3 with labels offset 0,0.7 notitle, \
	"" using ($0 + 0.25):4:4 with labels offset 0,0.7 notitle
unset multiplot
