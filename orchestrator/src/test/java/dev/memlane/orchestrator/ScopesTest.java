package dev.memlane.orchestrator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Memory;
import dev.memlane.model.MemoryDeletion;
import dev.memlane.model.MemoryId;
import dev.memlane.model.NewMemory;
import dev.memlane.model.Scope;
import dev.memlane.model.ScopeCount;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which scopes there are, and to which one a memory belongs. */
@Tag("programs")
class ScopesTest {

  private static TestMemory test;

  @BeforeAll
  static void open(@TempDir Path directory) {
    test = TestMemory.open(directory);
  }

  @AfterAll
  static void close() {
    test.close();
  }

  @BeforeEach
  void empty() {
    test.blocking.scopes(null, null, 100).scopes().forEach(each -> test.blocking.deleteAll(each.scope(), null));
  }

  @Test
  void scopes_inPages_endWithoutANextPage() {
    List<Scope> scopes = Stream.of(Scope.agent("cook"), Scope.user("ada"), Scope.user("ada").withRun("7"),
        Scope.user("bob")).toList();
    scopes.forEach(scope -> test.blocking.addMemory(NewMemory.of("something", scope)));
    test.blocking.addMemory(NewMemory.of("something else", Scope.user("ada")));
    test.blocking.addMemory(NewMemory.builder("over", Scope.user("eve")).expiresAt(Instant.EPOCH).build());

    ScopePage first = test.blocking.scopes(null, null, 2);
    assertThat(first.scopes())
        .containsExactly(new ScopeCount(Scope.agent("cook"), 1), new ScopeCount(Scope.user("ada"), 2));
    assertThat(first.next()).isEqualTo(Scope.user("ada"));
    ScopePage second = test.blocking.scopes(null, first.next(), 2);
    assertThat(second.scopes()).extracting(ScopeCount::scope).containsExactlyElementsOf(scopes.subList(2, 4));
    assertThat(second.next()).isNull();
    assertThat(test.blocking.scopes("ad", null, 10).scopes()).extracting(ScopeCount::scope)
        .containsExactlyElementsOf(scopes.subList(1, 3));
  }

  @Test
  void scopes_ofAPrefixThatNoNameCanHave_areRefused() {
    for (String prefix : List.of("\0", "x".repeat(Scope.LONGEST + 1), "\ud83c")) {
      assertThatThrownBy(() -> test.blocking.scopes(prefix, null, 10)).isInstanceOf(InvalidInputException.class)
          .hasMessageStartingWith("the prefix can begin no user's name");
    }
    assertThatThrownBy(() -> test.blocking.scopes(null, null, 0)).isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("must be 1 to");
    assertThat(test.blocking.scopes(" ", null, 10).scopes()).isEmpty();
  }

  @Test
  void scopeOf_isKnownAfterADeletionAndAnErasure() {
    Scope scope = Scope.user("ada").withAgent("cook");
    Memory deleted = test.blocking.addMemory(NewMemory.of("to be deleted", scope));
    Memory erased = test.blocking.addMemory(NewMemory.of("to be erased", scope));
    assertThat(test.blocking.scopeOf(deleted.id())).contains(scope);

    test.blocking.deleteMemory(MemoryDeletion.of(deleted.id()));
    test.blocking.deleteMemory(MemoryDeletion.of(erased.id()).purgingHistory());

    assertThat(test.blocking.scopeOf(deleted.id())).contains(scope);
    assertThat(test.blocking.scopeOf(erased.id())).contains(scope);
    assertThat(test.blocking.scopeOf(new MemoryId(UUID.randomUUID()))).isEmpty();
  }
}
