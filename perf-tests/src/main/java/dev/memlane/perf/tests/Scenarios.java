package dev.memlane.perf.tests;

import dev.memlane.perf.tests.scenario.BulkScenario;
import dev.memlane.perf.tests.scenario.ChatMemoryScenario;
import dev.memlane.perf.tests.scenario.ConcurrentScenario;
import dev.memlane.perf.tests.scenario.ConversationScenario;
import dev.memlane.perf.tests.scenario.EmbeddingPoolScenario;
import dev.memlane.perf.tests.scenario.FailuresScenario;
import dev.memlane.perf.tests.scenario.FlinkScenario;
import dev.memlane.perf.tests.scenario.FollowScenario;
import dev.memlane.perf.tests.scenario.GrownScenario;
import dev.memlane.perf.tests.scenario.LanesScenario;
import dev.memlane.perf.tests.scenario.ListenerScenario;
import dev.memlane.perf.tests.scenario.LocalModelScenario;
import dev.memlane.perf.tests.scenario.MicroScenario;
import dev.memlane.perf.tests.scenario.MixedScenario;
import dev.memlane.perf.tests.scenario.OpenScenario;
import dev.memlane.perf.tests.scenario.PaperScenario;
import dev.memlane.perf.tests.scenario.RememberScenario;
import dev.memlane.perf.tests.scenario.ReopenScenario;
import dev.memlane.perf.tests.scenario.SearchScenario;
import dev.memlane.perf.tests.scenario.ServerScenario;
import dev.memlane.perf.tests.scenario.SingleScenario;
import dev.memlane.perf.tests.scenario.SoakScenario;
import dev.memlane.perf.tests.scenario.VectorTypesScenario;
import java.util.List;

/** All scenarios, in the order in which they run. */
final class Scenarios {

  static final List<Scenario> ALL = List.of(new PaperScenario(), new SingleScenario(), new ConcurrentScenario(),
      new ListenerScenario(),
      new BulkScenario(), new LocalModelScenario(), new EmbeddingPoolScenario(), new LanesScenario(),
      new FailuresScenario(),
      new SearchScenario(), new VectorTypesScenario(), new MixedScenario(), new GrownScenario(), new SoakScenario(),
      new OpenScenario(), new ReopenScenario(), new FollowScenario(), new ConversationScenario(),
      new ChatMemoryScenario(),
      new RememberScenario(), new FlinkScenario(), new ServerScenario(), new MicroScenario());

  private Scenarios() {}
}
