package dev.memlane.server;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The memories that an API key reaches. For the holder of the key, others do not exist. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "of")
@JsonSubTypes({@JsonSubTypes.Type(value = Grant.Everything.class, name = "everything"),
    @JsonSubTypes.Type(value = Grant.Scopes.class, name = "scopes"),
    @JsonSubTypes.Type(value = Grant.Users.class, name = "users")})
public sealed interface Grant {

  /** Whether it reaches every memory that is found in the scope. */
  boolean covers(Scope scope);

  /** The scope of a request that names none; null if it has to name one. */
  default @Nullable Scope usual() {
    return null;
  }

  /** All memories. */
  record Everything() implements Grant {
    @Override
    public boolean covers(Scope scope) {
      return true;
    }
  }

  /**
   * The memories of some scopes.
   *
   * @param scopes at least one, and at most {@value #MOST}
   */
  record Scopes(List<Scope> scopes) implements Grant {

    /** The most scopes of one key. */
    public static final int MOST = 100;

    public Scopes {
      scopes = List.copyOf(scopes);
      if (scopes.isEmpty() || scopes.size() > MOST) {
        throw new InvalidInputException(
            "the key names " + scopes.size() + " scopes; it must be 1 to " + MOST + ", or none for all memories");
      }
    }

    @Override
    public boolean covers(Scope scope) {
      return scopes.stream().anyMatch(granted -> granted.matches(scope));
    }

    @Override
    public @Nullable Scope usual() {
      return scopes.size() == 1 ? scopes.getFirst() : null;
    }
  }

  /**
   * The memories of all users whose names begin with a prefix, such as those of one tenant.
   *
   * @param prefix not empty
   */
  record Users(String prefix) implements Grant {

    /** @throws InvalidInputException if the prefix is empty or longer than a user's name */
    public Users {
      if (prefix.isEmpty() || prefix.length() > Scope.LONGEST) {
        throw new InvalidInputException("the prefix of users must have 1 to " + Scope.LONGEST + " characters");
      }
    }

    @Override
    public boolean covers(Scope scope) {
      String user = scope.user();
      return user != null && user.startsWith(prefix);
    }
  }
}
