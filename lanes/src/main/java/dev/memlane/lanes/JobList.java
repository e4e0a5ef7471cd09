package dev.memlane.lanes;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * A linked list of jobs, oldest first. The jobs hold the links, so that removing one takes constant time; a job is in
 * at most one list. Guarded by the executor's lock.
 */
final class JobList implements Iterable<Job<?>> {

  private @Nullable Job<?> first;
  private @Nullable Job<?> last;
  private int size;

  int size() {
    return size;
  }

  @Nullable
  Job<?> first() {
    return first;
  }

  /** A job and those after it, up to a number of jobs. */
  static List<Job<?>> from(@Nullable Job<?> first, int most) {
    List<Job<?>> jobs = new ArrayList<>(most);
    for (Job<?> job = first; job != null && jobs.size() < most; job = job.next) {
      jobs.add(job);
    }
    return jobs;
  }

  void add(Job<?> job) {
    job.previous = last;
    if (last == null) {
      first = job;
    } else {
      last.next = job;
    }
    last = job;
    size++;
  }

  /** Removes a job, which must be in this list. */
  void remove(Job<?> job) {
    Job<?> previous = job.previous;
    Job<?> next = job.next;
    if (previous == null) {
      first = next;
    } else {
      previous.next = next;
    }
    if (next == null) {
      last = previous;
    } else {
      next.previous = previous;
    }
    job.previous = null;
    job.next = null;
    size--;
  }

  @Override
  public Iterator<Job<?>> iterator() {
    return new Iterator<>() {
      private @Nullable Job<?> at = first;

      @Override
      public boolean hasNext() {
        return at != null;
      }

      @Override
      public Job<?> next() {
        Job<?> job = at;
        if (job == null) {
          throw new NoSuchElementException();
        }
        at = job.next;
        return job;
      }
    };
  }
}
