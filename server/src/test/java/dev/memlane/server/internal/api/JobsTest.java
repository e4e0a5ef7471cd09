package dev.memlane.server.internal.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import dev.memlane.server.internal.api.Jobs.Job;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** What is reported of long work while it runs and afterwards. */
class JobsTest {

  private final Jobs jobs = new Jobs();

  @Test
  void job_thatRuns_isListedFirstWithItsProgress() throws IOException {
    jobs.run("erase", Scope.user("ada"), progress -> "gone");

    Job running = jobs.run("verify", null, progress -> {
      progress.at(3, 10);
      return jobs.list().getFirst();
    });

    assertThat(running).extracting(Job::kind, Job::state, Job::done, Job::total, Job::endedAt, Job::result)
        .containsExactly("verify", "running", 3L, 10L, null, null);
    assertThat(jobs.list()).extracting(Job::kind).containsExactly("verify", "erase");
    assertThat(jobs.list()).allSatisfy(job -> assertThat(job.state()).isEqualTo("done"));
    assertThat(jobs.list().getFirst().done()).isEqualTo(3);
  }

  @Test
  void job_thatFails_isReportedAndItsFailureGoesOn() {
    assertThatThrownBy(() -> jobs.run("import", Scope.user("ada"), progress -> {
      throw new InvalidInputException("no archive");
    })).isInstanceOf(InvalidInputException.class);

    assertThat(jobs.list()).singleElement()
        .extracting(Job::kind, Job::state, Job::scope, Job::problem, Job::result)
        .containsExactly("import", "failed", Scope.user("ada"), "no archive", null);
  }

  @Test
  void jobs_beyondAHundred_areForgotten_theOldestFirst() throws IOException {
    for (int i = 0; i < 120; i++) {
      int number = i;
      jobs.run("verify", null, progress -> number);
    }

    assertThat(jobs.list()).hasSize(100);
    assertThat(jobs.list().getFirst().result()).isEqualTo(119);
    assertThat(jobs.list().getLast().result()).isEqualTo(20);
  }
}
