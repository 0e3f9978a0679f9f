#include "explain.h"
void explain_html(mr_bytes bytes, const settings *settings, const term *out, bool measures)
{
	(void)bytes; (void)settings; (void)out; (void)measures;
}
