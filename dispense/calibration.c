/* SPDX-License-Identifier: Apache-2.0 */
#include "dispense/calibration.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/date.h"
#include "base/durable.h"

bool
calibration_path(const char *conf_path, const char *queue, char *out,
    size_t size, struct err *e)
{
	return conf_beside(conf_path, "printers", queue, out, size, e);
}

static bool
in_bounds(const struct calibration *c)
{
	return fabs(c->offset_x_mm) <= CALIBRATION_OFFSET_MM &&
	       fabs(c->offset_y_mm) <= CALIBRATION_OFFSET_MM &&
	       fabs(c->scale_x - 1) <= CALIBRATION_STRETCH &&
	       fabs(c->scale_y - 1) <= CALIBRATION_STRETCH;
}

/* Whole micrometres, and millionths: no locale's comma. */
static bool
set_millionths(double *out, double unit, const char *value, struct err *e)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0')
		return err_set(e, ERR_CONFIG, "\"%.40s\" is no number", value);
	*out = (double)number / unit;
	return true;
}

static bool
one_line(void *context, const char *section, const char *key, const char *value,
    struct err *e)
{
	struct calibration *c = context;

	if (strcmp(section, "calibration") != 0)
		return err_set(
		    e, ERR_CONFIG, "unknown section [%.40s]", section);
	if (strcmp(key, "offset-x-um") == 0)
		return set_millionths(&c->offset_x_mm, 1000, value, e);
	if (strcmp(key, "offset-y-um") == 0)
		return set_millionths(&c->offset_y_mm, 1000, value, e);
	if (strcmp(key, "scale-x-ppm") == 0)
		return set_millionths(&c->scale_x, 1000000, value, e);
	if (strcmp(key, "scale-y-ppm") == 0)
		return set_millionths(&c->scale_y, 1000000, value, e);
	if (strcmp(key, "date") == 0)
		return date_parse(value, &c->date) ||
		       err_set(e, ERR_CONFIG, "\"%.40s\" is no date", value);
	return err_set(e, ERR_CONFIG, "unknown key \"%.40s\"", key);
}

bool
calibration_load(const char *path, struct calibration *out, struct err *e)
{
	*out = (struct calibration){.scale_x = 1, .scale_y = 1};
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	if (!conf_load(path, one_line, out, e))
		return false;
	if (!in_bounds(out))
		return err_set(e, ERR_CONFIG,
		    "%s: no printer is that far off; calibrate it again", path);
	return true;
}

bool
calibration_store(const char *path, const struct calibration *c, struct err *e)
{
	char text[512], folder[PATH_MAX], date[DATE_TEXT];
	const char *slash = strrchr(path, '/');
	int len;

	if (!in_bounds(c))
		return err_set(e, ERR_REQUEST,
		    "offset %.1f, %.1f mm, scale %.4f, %.4f: no printer is "
		    "that far off; was it measured from the paper's left and "
		    "top edge?",
		    c->offset_x_mm, c->offset_y_mm, c->scale_x, c->scale_y);
	len = snprintf(text, sizeof(text),
	    "# measured by postage calibrate\n[calibration]\n"
	    "date = %s\noffset-x-um = %ld\noffset-y-um = %ld\n"
	    "scale-x-ppm = %ld\nscale-y-ppm = %ld\n",
	    date_format(c->date, date), lround(c->offset_x_mm * 1000),
	    lround(c->offset_y_mm * 1000), lround(c->scale_x * 1000000),
	    lround(c->scale_y * 1000000));
	snprintf(folder, sizeof(folder), "%.*s",
	    slash != NULL ? (int)(slash - path) : 1, slash ? path : ".");
	return durable_mkdir(folder, 0755, e) &&
	       durable_replace(path, text, (size_t)len, 0644, e);
}

bool
calibration_line(const struct calibration_point *points, size_t count,
    double *offset_mm, double *scale, struct err *e)
{
	double x = 0, y = 0, xx = 0, xy = 0;

	for (size_t i = 0; i < count; i++) {
		x += points[i].wanted_mm / (double)count;
		y += points[i].got_mm / (double)count;
	}
	for (size_t i = 0; i < count; i++) {
		double dx = points[i].wanted_mm - x;

		xx += dx * dx;
		xy += dx * (points[i].got_mm - y);
	}
	if (count < 2 || xx < 1)
		return err_set(e, ERR_REQUEST,
		    "two places that are apart must be measured");
	*scale = xy / xx;
	*offset_mm = y - *scale * x;
	return true;
}
