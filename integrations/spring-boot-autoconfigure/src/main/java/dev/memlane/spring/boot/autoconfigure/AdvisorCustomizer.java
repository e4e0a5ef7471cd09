package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.spring.ai.MemlaneAdvisor;

/** A bean that sets what else the advisor does. It names nothing of {@code memlane-extraction}, which may be absent. */
@FunctionalInterface
interface AdvisorCustomizer {

  void customize(MemlaneAdvisor.Builder advisor);
}
