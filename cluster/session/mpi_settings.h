/*
 * What Open MPI is told about where it runs: a laptop, a container, several hosts.
 */
#ifndef TL_CLUSTER_SESSION_MPI_SETTINGS_H
#define TL_CLUSTER_SESSION_MPI_SETTINGS_H

/**
 * Sets Open MPI's parameters by the environment of this process; what is set there already
 * stays. Not collective; once in a process, before MPI_Init and before any other thread
 * exists: it forks.
 *
 * - A rank that waits yields its core.
 * - The only rank needs no daemon (orted) and opens no socket.
 * - Ranks on one host talk through shared memory alone and open no socket.
 * - Where a process may not read another's memory (process_vm_readv, in containers), long
 *   messages are copied.
 * - Where /dev/shm is too small for the ranks here, shared memory is a temporary file.
 */
void tl_mpi_settings_apply(void);

#endif
