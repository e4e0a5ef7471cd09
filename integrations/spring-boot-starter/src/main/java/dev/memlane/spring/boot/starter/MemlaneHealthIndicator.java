package dev.memlane.spring.boot.starter;

import dev.memlane.spring.boot.autoconfigure.MemoryHealth;
import dev.memlane.spring.boot.autoconfigure.MemoryHealthCheck;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** The health of the memory, for the application's health endpoint. */
final class MemlaneHealthIndicator extends AbstractHealthIndicator {

  private final MemoryHealthCheck check;

  MemlaneHealthIndicator(MemoryHealthCheck check) {
    this.check = check;
  }

  @Override
  protected void doHealthCheck(Health.Builder builder) {
    MemoryHealth health = check.check();
    (health.up() ? builder.up() : builder.down()).withDetails(health.details());
  }
}
