package dev.memlane.server.internal.api;

import static dev.memlane.server.Role.READ;
import static dev.memlane.server.Role.WRITE;

import dev.memlane.extraction.Profile;
import dev.memlane.extraction.ProfileKeeper;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryId;
import dev.memlane.model.Scope;
import dev.memlane.orchestrator.BlockingMemory;
import dev.memlane.orchestrator.Expired;
import dev.memlane.orchestrator.Progress;
import dev.memlane.server.internal.http.Exchange;
import dev.memlane.server.internal.http.Problem;
import dev.memlane.server.internal.http.ProblemException;
import dev.memlane.server.internal.http.Routes;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The routes of profiles: reading one needs no model, making one anew does. A server without a model answers that it has none. Safe
 * for use by several threads.
 */
public final class ProfileRoutes {

  private static final String PATH = "/api/v1/profile";

  private final BlockingMemory memory;
  private final @Nullable ProfileKeeper profiles;
  private final Jobs jobs;

  /** @param profiles null for none */
  public ProfileRoutes(BlockingMemory memory, @Nullable ProfileKeeper profiles, Jobs jobs) {
    this.memory = memory;
    this.profiles = profiles;
    this.jobs = jobs;
  }

  public void add(Routes routes) {
    routes.get(PATH, READ, this::get, "user", "agent", "run");
    routes.post(PATH, WRITE, this::refresh);
  }

  private MemoryAccess access(Exchange exchange) {
    return new MemoryAccess(memory, exchange.caller());
  }

  /**
   * Whose profile it is.
   *
   * @param background whether to answer at once
   */
  record ProfileBody(@Nullable Scope scope, @Nullable Boolean background) {}

  private void get(Exchange exchange) {
    MemoryAccess access = access(exchange);
    Scope scope = access.scope(MemoryRoutes.namedScope(exchange));
    Memory found = memory.get(Profile.idOf(scope), Expired.LEFT_OUT).filter(access::covers)
        .orElseThrow(
            () -> new ProblemException(Problem.notFound("this scope has no profile; POST " + PATH + " makes one of its "
                + "facts")));
    exchange.tag(found.op()).respond(200, document(found));
  }

  private void refresh(Exchange exchange) throws IOException {
    ProfileBody body = exchange.body(ProfileBody.class);
    Scope scope = access(exchange).scope(body.scope);
    ProfileKeeper keeper = profiles;
    if (keeper == null) {
      throw new ProblemException(Problem.of(501, "no-model", "The server has no chat model",
          "this server was started without a chat model, so it can't write profiles"));
    }
    if (Boolean.TRUE.equals(body.background)) {
      Thread unused = Thread.ofVirtual().name("memlane-profile-refresh").start(() -> inBackground(keeper, scope));
      exchange.respond(202, Map.of("state", "running", "jobs", "/api/v1/jobs"));
      return;
    }
    Optional<Memory> profile = refreshNow(keeper, scope);
    exchange.respond(200, profile.map(ProfileRoutes::document).orElseGet(Map::of));
  }

  private Optional<Memory> refreshNow(ProfileKeeper keeper, Scope scope) throws IOException {
    // What a job reports is kept, and a profile may be erased: it says only whether there is one.
    return jobs.run("profile", scope, (Progress progress) -> BlockingMemory.await(keeper.refresh(scope)),
        profile -> Map.of("profile", profile.isPresent()));
  }

  private void inBackground(ProfileKeeper keeper, Scope scope) {
    try {
      Optional<Memory> unused = refreshNow(keeper, scope);
    } catch (IOException | RuntimeException e) {
      // The job says why it failed. Nothing has changed: the next call makes it.
      System.getLogger(ProfileRoutes.class.getName()).log(System.Logger.Level.DEBUG,
          "a profile could not be refreshed in the background", e);
    }
  }

  private static Map<String, Object> document(Memory found) {
    Map<String, Object> document = new LinkedHashMap<>();
    document.put("text", found.content());
    document.put("facts", Profile.of(found).map(Profile::facts).orElse(List.<MemoryId>of()));
    document.put("memory", found);
    return document;
  }
}
