package dev.memlane.storage.tasks;

import dev.memlane.lanes.Lane;
import dev.memlane.lanes.LaneExecutorBuilder;
import dev.memlane.model.InvalidInputException;
import dev.memlane.model.StoreException;
import dev.memlane.storage.postgres.Database;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/** The settings of {@link DurableLanes}. Not safe for use by several threads. */
public final class DurableLanesBuilder {

  final Database database;
  final Map<String, DurableLane> lanes = new LinkedHashMap<>();
  final Map<String, TaskHandler> handlers = new LinkedHashMap<>();
  String runner = "main";
  Duration retention = Duration.ofHours(1);
  int mostEnded = 10_000;
  int mostDeadLetters = 10_000;
  Duration grace = Duration.ofSeconds(10);
  InstantSource clock = InstantSource.system();
  Consumer<LaneExecutorBuilder> executor = builder -> {};

  DurableLanesBuilder(Database database) {
    this.database = database;
  }

  /** Adds a lane whose tasks are in memory only. Its dead letters are written down. */
  public DurableLanesBuilder lane(Lane lane) {
    return add(lane, false);
  }

  /** Adds a lane whose tasks outlive the process. */
  public DurableLanesBuilder durableLane(Lane lane) {
    return add(lane, true);
  }

  /** Adds those of {@link Lane#defaults} whose names are not taken, in memory only. */
  public DurableLanesBuilder defaultLanes() {
    Lane.defaults().stream().filter(lane -> !lanes.containsKey(lane.name())).forEach(this::lane);
    return this;
  }

  private DurableLanesBuilder add(Lane lane, boolean durable) {
    JsonText.requireShort("a lane's name", lane.name(), NewTask.LONGEST_NAME);
    if (lanes.put(lane.name(), new DurableLane(lane, durable)) != null) {
      throw new InvalidInputException("two lanes are called " + lane.name());
    }
    return this;
  }

  /**
   * Sets what does the tasks of a name in this process. Tasks without a handler wait for workers outside.
   *
   * @throws InvalidInputException if the name has one already
   */
  public DurableLanesBuilder handler(String name, TaskHandler handler) {
    JsonText.requireShort("a task's name", name, NewTask.LONGEST_NAME);
    if (handlers.put(name, handler) != null) {
      throw new InvalidInputException("two handlers are for the tasks called " + name);
    }
    return this;
  }

  /**
   * Sets the name under which this process runs tasks; {@code main} unless set. Processes that share a database need
   * names of their own. The next process of the same name goes on with what this one leaves, and closes its lanes if it
   * is still there.
   */
  public DurableLanesBuilder runner(String name) {
    JsonText.requireShort("the runner's name", name, NewTask.LONGEST_NAME);
    this.runner = name;
    return this;
  }

  /** Sets how long results are kept; an hour unless set. Dead letters are kept until they are replayed or dropped. */
  public DurableLanesBuilder retention(Duration time) {
    if (time.isNegative()) {
      throw new InvalidInputException("the retention is " + time + "; it can't be negative");
    }
    this.retention = time;
    return this;
  }

  /** Sets how many ended tasks are kept, the last ones; 10,000 unless set. */
  public DurableLanesBuilder mostEnded(int most) {
    this.mostEnded = positive("mostEnded", most);
    return this;
  }

  /** Sets how many dead letters are kept, the last ones; 10,000 unless set. */
  public DurableLanesBuilder mostDeadLetters(int most) {
    this.mostDeadLetters = positive("mostDeadLetters", most);
    return this;
  }

  /** Sets how long closing waits for handlers and for what is to be written down; ten seconds unless set. */
  public DurableLanesBuilder grace(Duration time) {
    this.grace = time;
    return this;
  }

  /** Sets the clock for deadlines and times that people see. */
  public DurableLanesBuilder clock(InstantSource source) {
    this.clock = source;
    return this;
  }

  /** Sets more of the executor, such as its concurrency. Its lanes and its hook for dead letters are set here. */
  public DurableLanesBuilder executor(Consumer<LaneExecutorBuilder> settings) {
    this.executor = settings;
    return this;
  }

  private static int positive(String name, int value) {
    if (value < 1) {
      throw new InvalidInputException(name + " is " + value + "; it must be at least 1");
    }
    return value;
  }

  /**
   * Opens the lanes, and goes on with the tasks that former processes of this runner have left. Without any lane, there
   * are {@link Lane#defaults}.
   *
   * @throws InvalidInputException if the lanes don't fit together
   * @throws StoreException if the database can't be used
   */
  public DurableLanes open() {
    return DurableLanes.open(lanes.isEmpty() ? defaultLanes() : this);
  }
}
