/*
 * The detector: tells ranks that hang from ranks that work long. Pure: it is told what the
 * heartbeat and the scheduler know, with the time, and reads no clock.
 *
 * A team hangs when the progress counters of all its members have stood still for ten times
 * what its step is expected to take, and for `least` seconds; 20 times `least` where a step
 * of the kind was never measured. Those who wait for a peer are not the ones that hang,
 * unless all do.
 */
#ifndef TL_RUNNER_SCHEDULE_HANG_DETECTOR_H
#define TL_RUNNER_SCHEDULE_HANG_DETECTOR_H

#include "runner/schedule/scheduler.h"

/** What one rank was last seen at. */
typedef struct tl_hang_detector_rank {
    uint64_t ticks;
    double moved; /**< when the counter was last seen to move */
    bool is_waiting;
} tl_hang_detector_rank;

/** All ranks; fields are private. */
typedef struct tl_hang_detector {
    tl_hang_detector_rank *rank; /**< [ranks] owned */
    int ranks;
    double least; /**< seconds of standing still that mean nothing yet; 0: never hung */
} tl_hang_detector;

/** Watches over `ranks` ranks; see `least` above. \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_hang_detector_open(int ranks, double least, tl_hang_detector *out,
                                            tl_err *err);
/** Frees the memory; a second call does nothing. */
void tl_hang_detector_close(tl_hang_detector *detector);

/** Rank `rank` is seen with this counter; `is_waiting`: for a peer, in a team operation. */
void tl_hang_detector_observe(tl_hang_detector *detector, int rank, uint64_t ticks,
                              bool is_waiting, double now);

/** Seconds of standing still after which this team counts as hung. */
double tl_hang_detector_timeout(const tl_hang_detector *detector, const tl_busy_team *team);

/** Whether the team hangs. */
bool tl_hang_detector_is_hung(const tl_hang_detector *detector, const tl_busy_team *team,
                              double now);

/** Whether member `rank` of a team that hangs is one of those that do. */
bool tl_hang_detector_is_stalled(const tl_hang_detector *detector, const tl_busy_team *team,
                                 int rank);

#endif
