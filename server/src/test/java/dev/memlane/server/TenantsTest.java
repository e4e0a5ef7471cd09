package dev.memlane.server;

import static dev.memlane.server.TestClient.object;
import static org.assertj.core.api.Assertions.assertThat;

import dev.memlane.model.Scope;
import dev.memlane.server.internal.http.Route;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three tenants on one server, whose keys are bound to one user, to two users, and to all users with a prefix, do random
 * things through all routes and the Model Context Protocol. Nobody learns anything of the others, and each finds exactly what is its
 * own. {@code -Dmemlane.tenants.operations=N} does more of them, {@code -Dmemlane.tenants.seed=S} others.
 */
@Timeout(1_800)
@Tag("slow")
class TenantsTest {

  private static final int OPERATIONS = Integer.getInteger("memlane.tenants.operations", 400);
  private static final long SEED = Long.getLong("memlane.tenants.seed", 1);

  @TempDir
  static Path directory;

  private static ServerStage stage;

  @BeforeAll
  static void start() {
    stage = new ServerStage(directory, settings -> settings
        .limits(ServerLimits.DEFAULT.withRequestsPerSecond(0)).mcp(McpOptions.DEFAULT.withModelNamesUser(true)));
  }

  @AfterAll
  static void stop() {
    stage.close();
  }

  private static Tenant tenant(String name, List<String> users, Grant grant, List<Tenant> all, Random random) {
    return new Tenant(name, users, stage.client(), stage.keys().create(name, Role.ADMIN, grant, null), all, random);
  }

  private static Grant scopes(String... users) {
    return new Grant.Scopes(List.of(users).stream().map(Scope::user).toList());
  }

  /** Whether a route needs a key, and is not one of those that only whoever reaches everything may use, which other tests show. */
  private static boolean isFor(Route route) {
    return route.needed() != null && !route.template().matches("/api/v1/(lanes|tasks|claims|dead-letters|admin)/.*");
  }

  private static String pattern(Route route) {
    return route.method() + " " + Pattern.compile("\\{[^}]+}").matcher(route.template()).replaceAll("[^/]+");
  }

  @Test
  void tenants_learnNothingOfEachOther() throws IOException {
    Random random = new Random(SEED);
    List<Tenant> all = new ArrayList<>();
    tenant("alder", List.of("alder"), scopes("alder"), all, random);
    tenant("birch", List.of("birch-1", "birch-2"), scopes("birch-1", "birch-2"), all, random);
    tenant("cedar", List.of("cedar.1", "cedar.2"), new Grant.Users("cedar."), all, random);
    try {
      all.forEach(Tenant::listen);
      for (int i = 0; i < OPERATIONS; i++) {
        all.get(random.nextInt(all.size())).step();
      }
      for (Tenant tenant : all) {
        tenant.compare();
        tenant.requireOwnEvents();
      }
      assertThat(MemlaneServer.builder(stage.memory()).routes().all()).as("routes that no tenant has tried")
          .filteredOn(route -> isFor(route) && all.stream().flatMap(tenant -> tenant.requests().stream())
              .noneMatch(request -> request.matches(pattern(route))))
          .extracting(route -> route.method() + " " + route.template()).isEmpty();
    } catch (AssertionError e) {
      throw new AssertionError("seed " + SEED + ": " + e.getMessage(), e);
    } finally {
      for (Tenant tenant : all) {
        tenant.close();
      }
    }
  }

  /** All texts have four words: the average length of the whole index is part of a score, and documented. */
  @Test
  void scores_doNotTellHowRareWordsAreAmongOthers(@TempDir Path folder) {
    try (ServerStage apart = new ServerStage(folder, settings -> settings)) {
      TestClient dora = apart.client().withKey(apart.keys().create("dora", Role.WRITE, scopes("dora"), null));
      TestClient emil = apart.client().withKey(apart.keys().create("emil", Role.WRITE, scopes("emil"), null));
      for (String content : List.of("oboe attic window garden", "attic letter winter bridge",
          "oboe lesson monday harbour")) {
        dora.post("/api/v1/memories", object("content", content));
      }
      String search = object("query", "oboe attic", "include", List.of("explanation"));
      String before = dora.post("/api/v1/memories/search", search).text();

      List<Map<String, String>> many = IntStream.range(0, 300)
          .mapToObj(i -> Map.of("content", "oboe letter harbour number" + i)).toList();
      assertThat(emil.post("/api/v1/memories/batch", object("memories", many)).status()).isEqualTo(200);

      assertThat(before).contains("oboe attic window garden", "\"score\"");
      assertThat(dora.post("/api/v1/memories/search", search).text()).isEqualTo(before);
    }
  }
}
