/*
 * The hang detector: tells hung ranks from ranks that work for long. Pure: takes what the
 * heartbeat and the scheduler know, with the time, and reads no clock.
 *
 * A team is hung when the progress counters of all its members have not moved for ten times
 * the expected time of its step, and for `least` seconds (20 times that if no step of its
 * kind was measured). Its stalled members are those that do not wait for a peer, or all if
 * all wait.
 */
#ifndef TL_RUNNER_SCHEDULE_HANG_DETECTOR_H
#define TL_RUNNER_SCHEDULE_HANG_DETECTOR_H

#include "runner/schedule/scheduler.h"

/** The state of one rank when last observed. */
typedef struct tl_hang_detector_rank {
    uint64_t ticks;
    double moved; /**< when the counter last moved */
    bool is_waiting;
} tl_hang_detector_rank;

/** All ranks; fields are private. */
typedef struct tl_hang_detector {
    tl_hang_detector_rank *rank; /**< [ranks] owned */
    int ranks;
    double least; /**< seconds without progress that are always allowed; 0: never hung */
} tl_hang_detector;

/** Watches over `ranks` ranks; see `least` above. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_hang_detector_open(int ranks, double least, tl_hang_detector *out,
                                            tl_err *err);
/** Frees the memory; a second call does nothing. */
void tl_hang_detector_close(tl_hang_detector *detector);

/** Notes the progress counter of a rank; `is_waiting`: for a peer, in a team operation. */
void tl_hang_detector_observe(tl_hang_detector *detector, int rank, uint64_t ticks,
                              bool is_waiting, double now);

/** Seconds without progress after which this team counts as hung. */
double tl_hang_detector_timeout(const tl_hang_detector *detector, const tl_busy_team *team);

/** Whether the team counts as hung. */
bool tl_hang_detector_is_hung(const tl_hang_detector *detector, const tl_busy_team *team,
                              double now);

/** Whether member `rank` of a hung team is stalled. */
bool tl_hang_detector_is_stalled(const tl_hang_detector *detector, const tl_busy_team *team,
                                 int rank);

#endif
