/* plot.c - see plot.h. Plain shapes and text, no style sheet: it is shown alike by browsers and by what renders Markdown. */
#include "plot.h"

#include <math.h>

#include "cli/output.h"

#define SIDE 220                         /* of a panel's square, in pixels */
#define LEFT 46
#define TOP 34
#define PANEL (LEFT + SIDE + 18)
#define HEIGHT (TOP + SIDE + 48)
#define ROW_PANELS 4
#define AREA_MOST 13.0                   /* radius of the point with most texts */
#define AREA_LEAST 2.5

static void axes_add(buf *out, int x, int y)
{
	buf_printf(out, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#888\"/>\n", x, y, SIDE, SIDE);
	buf_printf(out, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" stroke=\"#bbb\" stroke-dasharray=\"4 3\"/>\n", x, y + SIDE, x + SIDE, y);
	for (int i = 0; i <= 4; i++) {
		int at = SIDE * i / 4;
		buf_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%.2f</text>\n", x + at, y + SIDE + 14, i / 4.0);
		buf_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%.2f</text>\n", x - 5, y + SIDE - at + 4, i / 4.0);
	}
	buf_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">probability said</text>\n", x + SIDE / 2, y + SIDE + 31);
	buf_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 %d %d)\">share that came true</text>\n", x - 33, y + SIDE / 2, x - 33, y + SIDE / 2);
}

static void points_add(buf *out, int x, int y, const measure_bin bins[MEASURE_BINS])
{
	size_t most = 1;
	for (int i = 0; i < MEASURE_BINS; i++)
		most = bins[i].count > most ? bins[i].count : most;
	for (int i = 0; i < MEASURE_BINS; i++) {
		if (!bins[i].count)
			continue;
		double said = bins[i].said / (double)bins[i].count, came = (double)bins[i].hits / (double)bins[i].count;
		double radius = fmax(AREA_LEAST, AREA_MOST * sqrt((double)bins[i].count / (double)most));
		buf_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"#2166ac\" fill-opacity=\"0.6\" stroke=\"#2166ac\"><title>said %.3f, came true %.3f, %zu texts</title></circle>\n",
			   x + SIDE * said, y + SIDE * (1 - came), radius, said, came, bins[i].count);
	}
}

static void panel_add(buf *out, size_t number, const char *name, const measure_bin bins[MEASURE_BINS], double error)
{
	int x = LEFT + (int)(number % ROW_PANELS) * PANEL, y = TOP + (int)(number / ROW_PANELS) * HEIGHT;
	buf_printf(out, "<text x=\"%d\" y=\"%d\" font-size=\"13\" font-weight=\"bold\">%s</text>\n", x, y - 12, name);
	buf_printf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">calibration error %.4f</text>\n", x + SIDE, y - 12, error);
	axes_add(out, x, y);
	points_add(out, x, y, bins);
}

int plot_write(const char *path, const measure *m, const char (*names)[MODEL_NAME_BYTES], char error[256])
{
	size_t panels = m->single ? 1 : m->label_count, columns = panels < ROW_PANELS ? panels : ROW_PANELS, rows = (panels + ROW_PANELS - 1) / ROW_PANELS;
	size_t width = columns * PANEL + LEFT - 18, height = rows * HEIGHT + 8;
	buf out = {0};
	buf_printf(&out, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%zu\" height=\"%zu\" viewBox=\"0 0 %zu %zu\" font-family=\"sans-serif\" font-size=\"11\">\n", width, height, width, height);
	buf_printf(&out, "<rect width=\"%zu\" height=\"%zu\" fill=\"#fff\"/>\n", width, height);
	if (m->single)
		panel_add(&out, 0, "the label given", m->top, measure_ece(m));
	else
		for (size_t l = 0; l < m->label_count; l++)
			panel_add(&out, l, names[l], m->labels[l].bins, measure_label_ece(&m->labels[l]));
	buf_add_str(&out, "</svg>\n");
	int result = output_write(path, buf_bytes(&out), error);
	buf_free(&out);
	return result;
}
