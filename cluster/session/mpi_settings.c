#include "cluster/session/mpi_settings.h"

#include "cluster/comm/launch_rank.h"

#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* Bytes of a rank in /dev/shm: 4 MiB, and as much again to spare. A file there that finds
 * no room ends the rank by SIGBUS. */
static const double SEGMENT = 0x1p23;

static void set(const char *parameter, const char *value)
{
    (void)setenv(parameter, value, 0);
}

/* A child tries it on this process, which allows it for the moment, as Open MPI will. */
static bool may_read_processes(void)
{
    char here = 0;
    int status = -1;
    (void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
    const pid_t child = fork();
    if (child == 0) {
        char copy;
        const struct iovec from = {&here, 1}, to = {&copy, 1};
        _exit(process_vm_readv(getppid(), &to, 1, &from, 1, 0) == 1 ? 0 : 1);
    }
    const bool has_ended = child > 0 && waitpid(child, &status, 0) == child;
    (void)prctl(PR_SET_PTRACER, 0, 0, 0, 0);
    return has_ended && status == 0;
}

static bool has_room(const char *folder, double bytes)
{
    struct statvfs space;
    return statvfs(folder, &space) == 0 &&
           (double)space.f_bavail * (double)space.f_frsize >= bytes;
}

/* The folder that mpirun removes at the end, else that of temporary files. */
static const char *temporary_folder(void)
{
    const char *folder = getenv("OMPI_MCA_orte_jobfam_session_dir");
    if (!folder) folder = getenv("TMPDIR");
    return folder ? folder : "/tmp";
}

void tl_mpi_settings_apply(void)
{
    set("OMPI_MCA_mpi_yield_when_idle", "1");
    if (tl_launch_is_on_one_host()) {
        set("OMPI_MCA_pml", "ob1");
        set("OMPI_MCA_btl", tl_launch_is_alone() ? "self" : "self,vader");
    }
    if (tl_launch_is_alone()) {
        set("OMPI_MCA_ess_singleton_isolated", "1");
        /* All programs alone would share one, and two that start at once meet in making it.
         */
        set("OMPI_MCA_orte_create_session_dirs", "0");
        tl_launch_forget();
        return;
    }
    if (!may_read_processes()) set("OMPI_MCA_btl_vader_single_copy_mechanism", "none");
    if (!has_room("/dev/shm", SEGMENT * tl_launch_ranks_here()))
        set("OMPI_MCA_btl_vader_backing_directory", temporary_folder());
}
