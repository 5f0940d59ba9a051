/* Criterion keeps cr_log_info and cr_log_warn here; both of its headers have
 * them, and a suite may include either. */
#include "criterion.h"
