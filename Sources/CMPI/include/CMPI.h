#pragma once
#include <stdbool.h>
#include <stddef.h>

/// MPI, loaded at run time: Open MPI or MPICH, which share the names of their functions and none of their handles. Only bytes
/// travel. All calls come from one thread.

enum cmpi_library { CMPI_NONE, CMPI_OPEN_MPI, CMPI_MPICH };

/// An operation on its way. It belongs to the caller, and stays where it is until `cmpi_test` says that it is done.
typedef struct {
    void *handle;
} cmpi_request;

/// Two streams of collective operations: within one, all ranks begin the same operations in the same order.
enum cmpi_stream { CMPI_FIRST, CMPI_SECOND };

/// Loads a library, once.
///
/// - Parameter wanted: the one to try first, or CMPI_NONE.
/// - Parameter only: whether no other may be tried.
/// - Returns: the library that was loaded; CMPI_NONE where there is none, and `cmpi_problem` says why.
enum cmpi_library cmpi_load(enum cmpi_library wanted, bool only);

/// Why loading failed; an empty string when it did not.
const char *cmpi_problem(void);

/// Begins. The numbers that are returned here and below are MPI's error codes, 0 where all is well.
int cmpi_start(int *rank, int *size);

/// Ends. Every operation must be done, on every rank.
int cmpi_finish(void);

/// Every rank sends counts[r] bytes to rank r, from an offset of its own for each.
int cmpi_exchange(cmpi_request *request, enum cmpi_stream stream, const void *sent, const int *sent_counts, const int *sent_offsets,
                  void *received, const int *received_counts, const int *received_offsets);

/// Every rank gets the `count` bytes of every rank, in their order.
int cmpi_gather(cmpi_request *request, enum cmpi_stream stream, const void *sent, int count, void *received);

/// A message to one rank.
int cmpi_send(cmpi_request *request, const void *bytes, int count, int to, int tag);

/// A message from one rank, or from any where `from` is negative.
int cmpi_receive(cmpi_request *request, void *bytes, int count, int from, int tag);

/// Whether an operation is done.
int cmpi_test(cmpi_request *request, bool *done);

/// What an error code means.
const char *cmpi_error(int code);
