package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.model.InvalidInputException;
import dev.memlane.model.MemlaneException;
import dev.memlane.model.listen.MemoryListener;
import dev.memlane.model.store.SharedIndexOpener;
import dev.memlane.orchestrator.OrchestratorBuilder;
import dev.memlane.storage.postgres.Database;
import dev.memlane.storage.postgres.DatabaseBuilder;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.context.properties.source.MutuallyExclusiveConfigurationPropertiesException;

/** The opening of the memory: applies the properties and the application's beans to a builder. */
final class MemoryOpening {

  private static final int FEWEST_CONNECTIONS = 4;

  private final MemlaneProperties properties;
  private final ListableBeanFactory beans;
  private final EmbedderSelection embedder;
  private final SharedIndexSelection sharedIndex;
  private final List<MemoryListener> listeners;
  private final List<OrchestratorBuilderCustomizer> customizers;

  MemoryOpening(MemlaneProperties properties, ListableBeanFactory beans, EmbedderSelection embedder,
      SharedIndexSelection sharedIndex, List<MemoryListener> listeners,
      List<OrchestratorBuilderCustomizer> customizers) {
    this.properties = properties;
    this.beans = beans;
    this.embedder = embedder;
    this.sharedIndex = sharedIndex;
    this.listeners = List.copyOf(listeners);
    this.customizers = List.copyOf(customizers);
    MutuallyExclusiveConfigurationPropertiesException.throwIfMultipleNonNullValuesIn(entries -> {
      entries.put("memlane.db.url", properties.db().url());
      entries.put("memlane.db.data-source", properties.db().dataSource());
    });
  }

  /**
   * Opens a memory. If that fails, closes what was made for it.
   *
   * @throws MemoryOpeningException with the reason in plain words, if the memory can't be opened
   */
  <T> T open(Supplier<T> opener) {
    try {
      return opener.get();
    } catch (MemlaneException e) {
      closeMade(e);
      throw new MemoryOpeningException(String.valueOf(e.getMessage()), e);
    } catch (RuntimeException | Error e) {
      closeMade(e);
      throw e;
    }
  }

  private void closeMade(Throwable failure) {
    try {
      embedder.closeMade();
    } catch (RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  Path directory() {
    return properties.data();
  }

  /** What opens an index that processes share; null for one in the directory. */
  @Nullable
  SharedIndexOpener sharedIndex() {
    return sharedIndex.select();
  }

  /** The name of the constant of the sentence model; null for the default one. */
  @Nullable
  String model() {
    return properties.model() == null ? null : properties.model().name();
  }

  boolean rebuildIndex() {
    return properties.rebuildIndex();
  }

  /** Applies all settings but the database, the directory and the shared index. */
  void apply(OrchestratorBuilder builder) {
    MemlaneProperties.Db db = properties.db();
    MemlaneProperties.Embedding embedding = properties.embedding();
    set("db.pool-size", db.poolSize(), builder::poolSize);
    set("db.statement-timeout", db.statementTimeout(), builder::statementTimeout);
    set("db.lock-timeout", db.lockTimeout(), builder::lockTimeout);
    if (db.schema() != null) {
      set("db.schema", db.schema(), builder::schema);
    }
    if (db.transactionPooling()) {
      builder.transactionPooling(true);
    }
    set("write-deadline", properties.writeDeadline(), builder::writeDeadline);
    set("most-in-flight", properties.mostInFlight(), builder::mostInFlight);
    set("most-unsettled", properties.mostUnsettled(), builder::mostUnsettled);
    set("retention", properties.retention(), builder::retention);
    set("expired-grace", properties.expiredGrace(), builder::expiredGrace);
    if (properties.followEvery() != null) {
      set("follow-every", properties.followEvery(), builder::followEvery);
    }
    if (properties.language() != null) {
      builder.language(properties.language());
    }
    builder.indexVectors(properties.index().vectors());
    set("embedding.concurrency", embedding.concurrency(), builder::embeddingConcurrency);
    set("embedding.deadline", embedding.deadline(), builder::embeddingDeadline);
    set("embedding.cache-size", embedding.cacheSize().toBytes(), builder::embeddingCacheBytes);
    embedder.apply(builder);
    listeners.forEach(builder::listener);
    customizers.forEach(each -> each.customize(builder));
  }

  /**
   * Passes the database to one of two setters, or to none if there is neither a URL nor a data source.
   *
   * @return whether there is one
   */
  boolean database(UrlSetter byUrl, Consumer<DataSource> bySource) {
    MemlaneProperties.Db db = properties.db();
    if (db.dataSource() != null) {
      bySource.accept(dataSource(db.dataSource()));
      return true;
    }
    if (db.url() == null) {
      return false;
    }
    try {
      byUrl.set(db.url(), db.user(), db.password());
      return true;
    } catch (InvalidInputException e) {
      throw new MemoryOpeningException("memlane.db.url: " + e.getMessage(), e);
    }
  }

  private DataSource dataSource(String name) {
    String[] names = BeanFactoryUtils.beanNamesForTypeIncludingAncestors(beans, DataSource.class);
    if (!List.of(names).contains(name)) {
      throw new InvalidConfigurationPropertyValueException("memlane.db.data-source", name,
          names.length == 0
              ? "there is no DataSource bean"
              : "there is no DataSource bean of that name; there are: " + String.join(", ", names));
    }
    return beans.getBean(name, DataSource.class);
  }

  /**
   * Opens more connections to the memory's database.
   *
   * @param memory begins to open them, where the memory itself can; null for the database that the properties name
   */
  Database openMore(@Nullable Supplier<DatabaseBuilder> memory) {
    MemlaneProperties.Db db = properties.db();
    DatabaseBuilder builder = memory == null ? named() : memory.get();
    // Each step of remembering takes a connection for a short time.
    builder.poolSize(FEWEST_CONNECTIONS).statementTimeout(db.statementTimeout()).lockTimeout(db.lockTimeout());
    if (db.schema() != null) {
      builder.schema(db.schema());
    }
    if (db.transactionPooling()) {
      builder.transactionPooling(true);
    }
    return explained("The database", builder::open);
  }

  private DatabaseBuilder named() {
    AtomicReference<@Nullable DatabaseBuilder> named = new AtomicReference<>();
    boolean there = database((url, user, password) -> named.set(Database.builder(url).user(user).password(password)),
        source -> named.set(Database.builder(source)));
    DatabaseBuilder builder = named.get();
    if (!there || builder == null) {
      throw new MemoryOpeningException("The database of the application's own memory is not known, and what remembers "
          + "conversations needs it. Set memlane.db.url or memlane.db.data-source, or define a Database bean", null);
    }
    return builder;
  }

  /** Calls what may fail, and says what it was about. */
  static <T> T explained(String what, Supplier<T> call) {
    try {
      return call.get();
    } catch (MemlaneException e) {
      throw new MemoryOpeningException(what + ": " + e.getMessage(), e);
    }
  }

  private static <T> void set(String property, T value, Consumer<T> setter) {
    Object unused = checked(property, value, given -> {
      setter.accept(given);
      return property;
    });
  }

  /** Gives a property's value to a function; a value that this refuses is reported with the property's name. */
  static <T, R> R checked(String property, T value, Function<T, R> function) {
    try {
      return function.apply(value);
    } catch (InvalidInputException e) {
      throw new InvalidConfigurationPropertyValueException("memlane." + property, value,
          String.valueOf(e.getMessage()));
    }
  }

  /** A setter of the database by its URL. */
  @FunctionalInterface
  interface UrlSetter {

    void set(String url, @Nullable String user, @Nullable String password);
  }
}
