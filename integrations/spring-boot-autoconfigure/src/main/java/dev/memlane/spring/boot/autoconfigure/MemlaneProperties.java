package dev.memlane.spring.boot.autoconfigure;

import dev.memlane.endpoints.Policy;
import dev.memlane.model.VectorType;
import java.nio.file.Path;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.convert.DurationUnit;
import org.springframework.util.unit.DataSize;

/**
 * The properties below {@code memlane}. They have the names of the command's options, variables and configuration file.
 *
 * @param enabled Whether to open a memory.
 * @param data Directory of the data, or of the index alone if the database is another server. Relative to the working
 * directory. One process owns it at a time.
 * @param db The database.
 * @param index The index in the directory.
 * @param opensearch The index that processes share on OpenSearch, with memlane-storage-opensearch.
 * @param embedder What makes vectors, whatever beans and endpoints there are: the sentence model inside the process, or
 * hashes of words, which need no model and serve tests.
 * @param model The sentence model inside the process, where that is used. By default all-minilm-l6-v2.
 * @param embedding The embedding model.
 * @param language Language whose word forms and stop words searches know, such as de or pt-BR. By default the one of the
 * index, and English for a new index.
 * @param rebuildIndex Whether to delete the index on opening and rebuild it from the database.
 * @param writeDeadline Longest time that a write may take after its text has been embedded.
 * @param mostInFlight Most writes that may be under way. Beyond that callers wait.
 * @param mostUnsettled Most writes that may be unsettled. Beyond that new writes are refused.
 * @param followEvery Interval of polls for the writes of other processes; zero for none. By default 500ms, and none with
 * the embedded server, to which no other process writes.
 * @param retention How long the traces of deleted memories are kept, with their histories.
 * @param expiredGrace How long a memory is kept after it has expired.
 * @param documents The document stores of Spring AI and LangChain4j.
 * @param observations The observations, from which tracing makes spans.
 * @param chat The chat model that remembers conversations, with memlane-extraction.
 */
@ConfigurationProperties("memlane")
public record MemlaneProperties(@DefaultValue("true") boolean enabled, @DefaultValue("memlane-data") Path data,
    @DefaultValue Db db, @DefaultValue Index index, @DefaultValue OpenSearch opensearch,
    @Nullable EmbedderName embedder,
    @Nullable ModelName model,
    @DefaultValue Embedding embedding, @Nullable Locale language, @DefaultValue("false") boolean rebuildIndex,
    @DefaultValue("10s") Duration writeDeadline, @DefaultValue("10000") int mostInFlight,
    @DefaultValue("1000") int mostUnsettled, @Nullable Duration followEvery, @DefaultValue("30d") Duration retention,
    @DefaultValue("0s") Duration expiredGrace, @DefaultValue Documents documents,
    @DefaultValue Observations observations, @DefaultValue Chat chat) {

  /** The embedders that a property can name. */
  public enum EmbedderName {

    /** The sentence model inside the process; needs {@code memlane-embedding-local}. */
    LOCAL,

    /** Vectors by shared words alone, without a model. */
    HASH
  }

  /** The sentence models that a property can name; those of {@code LocalModel}, which may not be on the class path. */
  public enum ModelName {

    /** 6 layers. */
    ALL_MINILM_L6_V2,

    /** 12 layers; needs {@code memlane-embedding-e5}. */
    E5_SMALL_V2
  }

  /** What becomes memories; those of {@code RememberMode}, which may not be on the class path. */
  public enum ModeName {

    /** Messages as they are. */
    MESSAGES,

    /** The facts in them. */
    FACTS,

    /** First the messages, then the facts. */
    BOTH
  }

  /**
   * The database: the embedded server, unless a URL or a data source is named.
   *
   * @param url PostgreSQL server to use instead of the embedded one, such as
   * jdbc:postgresql://localhost:5432/memlane.
   * @param user Database user, if the URL does not name it.
   * @param password Password of the database user.
   * @param dataSource Name of the application's DataSource bean to use instead of the embedded server. Boot's own is
   * called dataSource.
   * @param schema Database schema of the tables. By default memlane, or the URL's currentSchema.
   * @param poolSize Most connections to the database, at least 4.
   * @param transactionPooling Whether a connection pooler in transaction mode, such as PgBouncer, stands before the server.
   * @param statementTimeout Longest time that a statement may run on the server.
   * @param lockTimeout Longest time that a statement may wait for another transaction's lock.
   */
  public record Db(@Nullable String url, @Nullable String user, @Nullable String password, @Nullable String dataSource,
      @Nullable String schema, @DefaultValue("10") int poolSize, @DefaultValue("false") boolean transactionPooling,
      @DefaultValue("5s") Duration statementTimeout, @DefaultValue("1s") Duration lockTimeout) {

    /** Without the URL and the password, which are secrets. */
    @Override
    public String toString() {
      return "Db[" + (dataSource != null ? "data source " + dataSource : url != null ? "by URL" : "embedded") + "]";
    }
  }

  /** What decides which shard holds a memory; those of {@code Routing}, which may not be on the class path. */
  public enum RoutingName {

    /** The memory's id. */
    MEMORY,

    /** The user of the memory's scope. */
    USER
  }

  /**
   * The index in the directory.
   *
   * @param vectors How it stores vectors: float, byte (a quarter of the disk and memory) or bit (the least memory). By default
   * as the index does, and float for a new index. Another type needs rebuild-index.
   */
  public record Index(@Nullable VectorType vectors) {}

  /**
   * The index that all processes of the database share on an OpenSearch cluster, in place of one in the directory.
   *
   * @param urls Addresses of the cluster's nodes, such as https://search.example.org:9200. Without any, the index is in the
   * directory.
   * @param index Name of the index.
   * @param user User of the cluster.
   * @param password Password of the cluster's user.
   * @param key API key of the cluster, in place of the user.
   * @param caFile File with the certificates (PEM) to trust for the cluster. By default those that the JVM trusts.
   * @param unencrypted Whether to send the password or the key without encryption to another machine.
   * @param shards Shards of an index that is made.
   * @param replicas Further copies of each shard of an index that is made.
   * @param refresh Longest time until other processes find what was written, for an index that is made.
   * @param vectors How vectors are stored: float or byte.
   * @param routing What decides which shard holds a memory.
   */
  public record OpenSearch(@DefaultValue List<String> urls, @DefaultValue("memlane") String index,
      @Nullable String user,
      @Nullable String password, @Nullable String key, @Nullable Path caFile,
      @DefaultValue("false") boolean unencrypted, @DefaultValue("1") int shards, @DefaultValue("1") int replicas,
      @DefaultValue("1s") Duration refresh, @DefaultValue("float") VectorType vectors,
      @DefaultValue("memory") RoutingName routing) {

    /** Without the addresses and the password or key, which are secrets. */
    @Override
    public String toString() {
      return "OpenSearch[" + (urls.isEmpty() ? "none" : index) + "]";
    }
  }

  /**
   * The embedding model, and where it is served.
   *
   * @param model Name of the model, which is stored with each vector. Required with endpoints. By default the name that
   * the EmbeddingModel bean gives.
   * @param dimension Numbers in a vector. Required with endpoints. By default the EmbeddingModel bean is asked.
   * @param shorten Whether to request vectors of that dimension, from a model that can shorten its vectors.
   * @param policy Which endpoint gets the next request.
   * @param attempts Most times that a request is sent.
   * @param endpoints Endpoints that speak OpenAI's API, used as one pool.
   * @param concurrency Most requests in flight to an EmbeddingModel bean or an Embedder bean.
   * @param deadline Longest time that embedding a text may take.
   * @param cacheSize Size of the cache of vectors; 0 for none.
   */
  public record Embedding(@Nullable String model, @Nullable Integer dimension, @DefaultValue("false") boolean shorten,
      @DefaultValue("least-loaded") Policy policy, @DefaultValue("8") int attempts,
      @DefaultValue List<Endpoint> endpoints, @DefaultValue("2") int concurrency,
      @DefaultValue("60s") Duration deadline, @DefaultValue("64MB") DataSize cacheSize) {}

  /**
   * The document stores of Spring AI and LangChain4j.
   *
   * @param agent Agent whose memories are the documents of Spring AI's VectorStore and LangChain4j's EmbeddingStore. Without
   * it there are no such beans.
   */
  public record Documents(@Nullable String agent) {}

  /**
   * The observations, from which tracing makes spans.
   *
   * @param content Whether spans hold queries and the contents of memories, which may be personal.
   */
  public record Observations(@DefaultValue("false") boolean content) {}

  /**
   * An endpoint of the embedding model. A number that is absent or 0 sets no limit.
   *
   * @param name its name in reports and in the health
   * @param url the address before {@code /embeddings}; with a deployment, the resource at Azure
   * @param deployment the deployment's name at Azure
   * @param apiVersion the version of Azure's API
   * @param keyFrom the environment variable, or other property, that holds its key
   * @param modelThere the name of the model at this endpoint, if it differs
   * @param texts the most texts in a request
   * @param timeout how long a request may take; seconds unless it has a unit
   * @param weight its share of the requests, by the policy weighted
   * @param unencryptedKey whether the key may go unencrypted to another machine
   * @param base64 whether vectors are requested in Base64
   */
  public record Endpoint(@Nullable String name, @Nullable String url, @Nullable String deployment,
      @Nullable String apiVersion, @Nullable String keyFrom, @Nullable String modelThere,
      @DefaultValue("0") int concurrency, @DefaultValue("0") int requestsPerMinute,
      @DefaultValue("0") long tokensPerMinute, @DefaultValue("0") long tokensPerRequest, @Nullable Integer texts,
      @DurationUnit(ChronoUnit.SECONDS) @Nullable Duration timeout, @Nullable Integer weight,
      @DefaultValue("false") boolean unencryptedKey, @Nullable Boolean base64) {}

  /**
   * The chat model that remembers conversations, and what it may cost.
   *
   * @param mode What becomes memories when a conversation is remembered: the facts in it, its messages as they are, or both.
   * @param model Name of a chat model that speaks OpenAI's API. Without it, the ChatModel bean is used.
   * @param url Server of that model, such as http://localhost:11434/v1. By default OpenAI's own.
   * @param key API key of that server.
   * @param endpoints Several endpoints of that model, used as one pool, in place of the URL and the key.
   * @param concurrency Most conversations that are remembered at the same time, and most requests in flight to the URL or
   * to a framework's ChatModel bean.
   * @param redact Whether to replace e-mail addresses, phone numbers and card numbers in what is sent to the model.
   * @param tokensADay Most tokens that the model may cost on a day in UTC, over all processes on the same database. By
   * default there is no limit.
   * @param tokensACall Most tokens that a call of the model may cost, question and answer together. By default there is no
   * limit.
   * @param instructions What the model notes of conversations and what it leaves out, in your words.
   * @param categories Categories that facts may have: by their names, what belongs to each.
   * @param conversationsPerCall Most short conversations that the model reads in one call, where an application has several
   * remembered at once.
   * @param packAcrossScopes Whether conversations of different users may be read in one call.
   * @param remember Whether the MemlaneAdvisor bean remembers the facts of conversations, in place of what users say.
   * @param grace How long closing waits for conversations that are being remembered.
   */
  public record Chat(@DefaultValue("facts") ModeName mode, @Nullable String model, @Nullable String url,
      @Nullable String key,
      @DefaultValue List<ChatEndpoint> endpoints, @DefaultValue("8") int concurrency,
      @DefaultValue("false") boolean redact, @Nullable Long tokensADay, @Nullable Long tokensACall,
      @Nullable String instructions, @DefaultValue Map<String, String> categories,
      @DefaultValue("10") int conversationsPerCall, @DefaultValue("false") boolean packAcrossScopes,
      @DefaultValue("false") boolean remember, @DefaultValue("10s") Duration grace) {

    /** Without the URL and the key, which may be secrets. */
    @Override
    public String toString() {
      return "Chat[" + (model == null ? "a bean" : model) + "]";
    }
  }

  /**
   * An endpoint of the chat model. A number that is absent or 0 sets no limit.
   *
   * @param name its name in reports
   * @param url the address before {@code /chat/completions}; with a deployment, the resource at Azure; OpenAI's own if absent
   * @param deployment the deployment's name at Azure
   * @param apiVersion the version of Azure's API
   * @param keyFrom the environment variable, or other property, that holds its key
   * @param modelThere the name of the model at this endpoint, if it differs
   * @param timeout how long a request may take; seconds unless it has a unit
   * @param weight its share of the requests, relative to the others'
   * @param unencryptedKey whether the key may go unencrypted to another machine
   */
  public record ChatEndpoint(@Nullable String name, @Nullable String url, @Nullable String deployment,
      @Nullable String apiVersion, @Nullable String keyFrom, @Nullable String modelThere,
      @DefaultValue("0") int concurrency, @DefaultValue("0") int requestsPerMinute,
      @DefaultValue("0") long tokensPerMinute, @DefaultValue("0") long tokensPerRequest,
      @DurationUnit(ChronoUnit.SECONDS) @Nullable Duration timeout, @Nullable Integer weight,
      @DefaultValue("false") boolean unencryptedKey) {}
}
