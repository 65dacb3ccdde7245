/*
 * The vigil: tells ranks that hang from ranks that work long. Pure: it is told what the
 * heartbeat and the scheduler know, with the time, and reads no clock.
 *
 * A team hangs when the progress counters of all its members have stood still for ten times
 * what its step is expected to take, and for `least` seconds; 20 times `least` where a step
 * of the kind was never measured. Those who wait for a peer are not the ones that hang,
 * unless all do.
 */
#ifndef TL_RUNNER_SCHEDULE_HANG_DETECTOR_H
#define TL_RUNNER_SCHEDULE_HANG_DETECTOR_H

#include "compute/core/status.h"

#include <stdbool.h>
#include <stdint.h>

/** What one rank was last seen at. */
typedef struct tl_vigil_rank {
    uint64_t ticks;
    double moved; /**< when the counter was last seen to move */
    bool is_waiting;
} tl_vigil_rank;

/** All ranks; fields are private. */
typedef struct tl_vigil {
    tl_vigil_rank *rank; /**< [ranks] owned */
    int ranks;
    double least; /**< seconds of standing still that mean nothing yet; 0: never hung */
} tl_vigil;

/** Watches over `ranks` ranks; see `least` above. \return TL_E_SPACE */
TL_MUST_USE tl_status tl_vigil_open(int ranks, double least, tl_vigil *out, tl_err *err);
/** Frees the memory; a second call does nothing. */
void tl_vigil_close(tl_vigil *vigil);

/** Rank `rank` is seen with this counter; `is_waiting`: for a peer, in a team operation. */
void tl_vigil_see(tl_vigil *vigil, int rank, uint64_t ticks, bool is_waiting, double now);

/** A team, as tl_vigil_is_hung asks for it. */
typedef struct tl_vigil_team {
    int first, width;
    double since;   /**< when its step began */
    double seconds; /**< that the step is expected to take */
    bool is_known;  /**< steps of its kind have been measured */
} tl_vigil_team;

/** Seconds of standing still after which this team counts as hung. */
double tl_vigil_patience(const tl_vigil *vigil, const tl_vigil_team *team);

/** Whether the team hangs. */
bool tl_vigil_is_hung(const tl_vigil *vigil, const tl_vigil_team *team, double now);

/** Whether member `rank` of a team that hangs is one of those that do. */
bool tl_vigil_is_culprit(const tl_vigil *vigil, const tl_vigil_team *team, int rank);

#endif
