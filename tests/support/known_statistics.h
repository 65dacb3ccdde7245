/* Made by tests/peers/known_statistics.py --header, which says whose numbers these are
 * (scipy 1.17.1, statsmodels 0.15.0). */
#ifndef TL_TESTS_SUPPORT_KNOWN_STATISTICS_H
#define TL_TESTS_SUPPORT_KNOWN_STATISTICS_H

/* clang-format off */
enum { SAMPLES = 3, TABLES = 4, TESTS = 9, POWERS = 4 };
static const int sample_size[SAMPLES] = {8, 10, 4};
static const double sample_scale[SAMPLES] = {450.0, 100.0, 1000.0};
static const double sample_margin[SAMPLES] = {0.02, 0.1, 0.004};
static const int sample_before[SAMPLES][10] = {
    {412, 398, 405, 377, 431, 420, 389, 402},
    {51, 47, 66, 58, 49, 71, 62, 55, 60, 44},
    {700, 705, 690, 712}};
static const int sample_after[SAMPLES][10] = {
    {405, 391, 411, 370, 419, 408, 391, 399},
    {53, 46, 71, 66, 52, 78, 61, 60, 67, 47},
    {701, 707, 690, 711}};
static const int discordant[TABLES][2] = {{9, 2}, {5, 5}, {14, 1}, {3, 0}};
static const double test_p[TESTS] = {
    0.0078125, 0.040000000000000001, 0.040000000000000001, 0.00020000000000000001, 0.59999999999999998, 0.03125,
    0.010999999999999999, 1, 0.25};
static const struct {
    double effect, sd;
    int n;
    double level;
    int sides;
} power_of[POWERS] = {{0.5, 1, 12, 0.05, 2},
    {1, 1, 8, 0.05, 2},
    {0.01, 0.013, 16, 0.00625, 1},
    {0.3, 1, 90, 0.05, 2}};
enum { KNOWN = 53 };
static const double known[KNOWN] = {
    -0.0229446538089635, 0.000722431586741261, -0.0205923539777816, -0.0016298682444406,
    0.0618530464509178, 0.0594758519983406, 0.0703125, 0.96875,
    0.03515625, 0.0151782335702989, 0.0608217664297011, 0.0195066451277873,
    0.0564933548722127, 0.00443918890748702, 8.4808303931138e-05, 0.009765625,
    0.0048828125, 0.9970703125, -0.00155426025676052, 0.00255426025676052,
    -0.00101908956509349, 0.00201908956509349, 0.495025346059711, 0.00615377591074316,
    0.75, 0.375, 0.875, 0.0654296875,
    1, 0.0009765625, 0.25, 0.0625,
    0.2, 0.2, 0.0018, 1,
    0.1875, 0.077, 1, 0.75,
    0.033, 0.06, 0.06, 0.0018,
    0.675, 0.06, 0.033, 1,
    0.321428571428571, 0.352635743174008, 0.680830149549934, 0.601899081703011,
    0.803793401975401};
/* clang-format on */

#endif
