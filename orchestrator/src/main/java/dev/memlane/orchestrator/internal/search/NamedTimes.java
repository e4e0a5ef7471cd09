package dev.memlane.orchestrator.internal.search;

import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.Month;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.time.temporal.TemporalAdjusters;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The dates and periods that a question names: "on 3 June 2023", "in May", "the Monday before July 24", "last week".
 *
 * <p>
 * In English, and as {@code 2023-06-03}. Days are those of UTC. A date without a year stands for that day in each of the
 * last {@value #YEARS_BACK} years and the next one. What is relative is relative to a present that the caller gives.
 * Immutable.
 *
 * @param periods none if the question names no time
 */
record NamedTimes(List<Period> periods) {

  private static final int YEARS_BACK = 10;
  /** How fast memories lose with each day after the time, and before it: people speak of things after they happened. */
  private static final double DAYS_AFTER = 15;
  private static final double DAYS_BEFORE = 2;

  private static final Map<String, Integer> NUMBERS = Map.ofEntries(Map.entry("a", 1), Map.entry("an", 1),
      Map.entry("one", 1), Map.entry("two", 2), Map.entry("three", 3), Map.entry("four", 4), Map.entry("five", 5),
      Map.entry("six", 6), Map.entry("seven", 7), Map.entry("eight", 8), Map.entry("nine", 9), Map.entry("ten", 10));

  private static final String MONTH = "(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|"
      + "aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
  private static final String WEEKDAY = "(?:mon|tues|wednes|thurs|fri|satur|sun)day";
  private static final String YEAR = "(?:19|20)\\d\\d";
  private static final String DAY = "[0-3]?\\d(?:st|nd|rd|th)?";
  private static final String NUMBER = "(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\\d{1,3})";
  private static final String UNIT = "(?:day|night|week|weekend|month|year)";
  private static final String SEASON = "(?:spring|summer|autumn|fall|winter)";

  /** A day, a month, a season or a year. A lone "may" or "march" needs a preposition, as does a lone year. */
  private static final String DATE = "(?:(?<iso>" + YEAR + "-[01]\\d-[0-3]\\d)"
      + "|(?<dm>(?:the )?" + DAY + " (?:of )?" + MONTH + "\\b(?:,? (?:of )?" + YEAR + "\\b)?)"
      + "|(?<md>" + MONTH + "\\.? " + DAY + "\\b(?:,? " + YEAR + "\\b)?)"
      + "|(?<my>" + MONTH + ",? (?:of )?" + YEAR + "\\b)"
      + "|(?<sy>" + SEASON + " (?:of )?" + YEAR + "\\b)"
      + "|(?<m>(?<=\\b(?:in|of|during|since|until|before|after|by|from|last|this|early|late|mid)[ -])" + MONTH + "\\b)"
      + "|(?<y>(?<=\\b(?:in|of|during|since|until|before|after|by|from|year) )" + YEAR + "\\b))";

  /** What may stand before a date and change it. */
  private static final String SHIFT = "(?:(?:the |last )?(?:(?<count>" + NUMBER + ") )?(?<unit>" + WEEKDAY + "|" + UNIT
      + ")s? (?<side>before|after|following|preceding|prior to|of) (?:the )?)?";
  private static final String PART = "(?:(?<part>first|second|third|fourth|last|early|mid|late|beginning|start|middle|end)"
      + "(?: (?<piece>week|weekend|half))?(?: of|-| in)? ?(?:the )?)?";

  private static final Pattern DATED = Pattern.compile(
      "\\b(?:(?<rel>before|until|after|since) )?" + SHIFT + PART + DATE, Pattern.CASE_INSENSITIVE);
  private static final Pattern RELATIVE = Pattern.compile("\\b(?:(?<word>today|tonight|yesterday|tomorrow)"
      + "|(?<which>last|past|this|next) (?<what>" + UNIT + "|" + SEASON + "|" + WEEKDAY + ")"
      + "|(?<ago>" + NUMBER + ") (?<agounit>" + UNIT + ")s? ago" + "|on (?<weekday>" + WEEKDAY + "))\\b",
      Pattern.CASE_INSENSITIVE);

  /**
   * A period.
   *
   * @param from its beginning
   * @param to its end, exclusive
   */
  record Period(Instant from, Instant to) {

    private static Period of(LocalDate from, LocalDate to) {
      return new Period(from.atStartOfDay(ZoneOffset.UTC).toInstant(), to.atStartOfDay(ZoneOffset.UTC).toInstant());
    }

    /** 1 within the period, less with each day outside of it. */
    double nearness(Instant time) {
      if (time.isBefore(from)) {
        return Math.exp(-days(time, from) / DAYS_BEFORE);
      }
      return time.isBefore(to) ? 1 : Math.exp(-days(to, time) / DAYS_AFTER);
    }

    private static double days(Instant from, Instant to) {
      return Duration.between(from, to).toSeconds() / 86_400.0;
    }
  }

  /** Days of the calendar, the end exclusive. */
  private record Days(LocalDate from, LocalDate to) {}

  /**
   * Finds the times that a question names.
   *
   * @param now what "last week" is relative to
   */
  static NamedTimes in(String question, Instant now) {
    List<Period> periods = new ArrayList<>();
    LocalDate today = now.atOffset(ZoneOffset.UTC).toLocalDate();
    StringBuilder rest = new StringBuilder(question);
    Matcher dated = DATED.matcher(question);
    while (dated.find()) {
      try {
        addDated(dated, today, periods);
      } catch (DateTimeException e) {
        // Such as 31 June: no date.
        continue;
      }
      for (int i = dated.start(); i < dated.end(); i++) {
        rest.setCharAt(i, '.');
      }
    }
    Matcher relative = RELATIVE.matcher(rest);
    while (relative.find()) {
      addRelative(relative, today, periods);
    }
    return new NamedTimes(List.copyOf(periods));
  }

  boolean isEmpty() {
    return periods.isEmpty();
  }

  /** How near a time is to the nearest period, in (0, 1]. */
  double nearness(Instant time) {
    double nearest = 0;
    for (Period period : periods) {
      nearest = Math.max(nearest, period.nearness(time));
    }
    return nearest;
  }

  private static void addDated(Matcher found, LocalDate today, List<Period> periods) {
    String side = lower(found, "rel");
    for (Days date : dates(found, today)) {
      Days days = shifted(part(date, lower(found, "part"), lower(found, "piece")), found);
      Period period = Period.of(days.from(), days.to());
      if ("before".equals(side) || "until".equals(side)) {
        period = new Period(Instant.MIN, period.from());
      } else if ("after".equals(side) || "since".equals(side)) {
        period = new Period(period.from(), Instant.MAX);
      }
      periods.add(period);
    }
  }

  private static List<Days> dates(Matcher found, LocalDate today) {
    String iso = found.group("iso");
    if (iso != null) {
      LocalDate day = LocalDate.parse(iso);
      return List.of(new Days(day, day.plusDays(1)));
    }
    String year = found.group("y");
    if (year != null) {
      LocalDate first = LocalDate.of(Integer.parseInt(year), 1, 1);
      return List.of(new Days(first, first.plusYears(1)));
    }
    String season = found.group("sy");
    if (season != null) {
      return List.of(season(season.toLowerCase(Locale.ROOT), lastNumber(season)));
    }
    for (String kind : List.of("dm", "md", "my", "m")) {
      String text = found.group(kind);
      if (text != null) {
        return inYears(text.toLowerCase(Locale.ROOT), !kind.startsWith("m") || kind.equals("md"), today);
      }
    }
    return List.of();
  }

  /** A day or a month, in its year, or else in each of some years. */
  private static List<Days> inYears(String text, boolean isDay, LocalDate today) {
    Matcher year = Pattern.compile("\\b" + YEAR + "\\b").matcher(text);
    String without = year.replaceAll(" ");
    Month month = month(without);
    List<Days> days = new ArrayList<>();
    boolean known = year.reset().find();
    int first = known ? Integer.parseInt(year.group()) : today.getYear() - YEARS_BACK;
    int last = known ? first : today.getYear() + 1;
    for (int each = first; each <= last; each++) {
      if (isDay) {
        int number = lastNumber(without);
        if (known || YearMonth.of(each, month).isValidDay(number)) {
          LocalDate day = LocalDate.of(each, month, number);
          days.add(new Days(day, day.plusDays(1)));
        }
      } else {
        LocalDate begin = LocalDate.of(each, month, 1);
        days.add(new Days(begin, begin.plusMonths(1)));
      }
    }
    return days;
  }

  private static Days part(Days whole, @Nullable String part, @Nullable String piece) {
    if (part == null) {
      return whole;
    }
    long length = whole.to().toEpochDay() - whole.from().toEpochDay();
    if ("week".equals(piece) || "weekend".equals(piece)) {
      int weeks = switch (part) {
        case "second" -> 1;
        case "third" -> 2;
        case "fourth" -> 3;
        default -> 0;
      };
      if ("weekend".equals(piece)) {
        LocalDate saturday = "last".equals(part)
            ? whole.to().with(TemporalAdjusters.previous(DayOfWeek.SATURDAY))
            : whole.from().with(TemporalAdjusters.nextOrSame(DayOfWeek.SATURDAY)).plusWeeks(weeks);
        return new Days(saturday, saturday.plusDays(2));
      }
      LocalDate begin = "last".equals(part) ? whole.to().minusWeeks(1) : whole.from().plusWeeks(weeks);
      return new Days(begin, begin.plusWeeks(1));
    }
    return switch (part) {
      case "first", "early", "beginning", "start" -> new Days(whole.from(), whole.from().plusDays((length + 1) / 2));
      case "mid", "middle" -> new Days(whole.from().plusDays(length / 4), whole.to().minusDays(length / 4));
      case "last", "late", "end" -> new Days(whole.to().minusDays((length + 1) / 2), whole.to());
      default -> whole;
    };
  }

  private static Days shifted(Days date, Matcher found) {
    String unit = lower(found, "unit");
    String side = lower(found, "side");
    if (unit == null || side == null) {
      return date;
    }
    int count = number(lower(found, "count"));
    boolean after = side.equals("after") || side.equals("following");
    if (side.equals("of")) {
      return unit.equals("week") ? new Days(date.from().minusDays(3), date.from().plusDays(7)) : date;
    }
    if (unit.equals("weekend")) {
      LocalDate saturday = after
          ? date.to().with(TemporalAdjusters.nextOrSame(DayOfWeek.SATURDAY)).plusWeeks(count - 1L)
          : date.from().with(TemporalAdjusters.previous(DayOfWeek.SATURDAY)).minusWeeks(count - 1L);
      return new Days(saturday, saturday.plusDays(2));
    }
    DayOfWeek weekday = weekday(unit);
    if (weekday != null) {
      LocalDate day = after
          ? date.to().with(TemporalAdjusters.nextOrSame(weekday)).plusWeeks(count - 1L)
          : date.from().with(TemporalAdjusters.previous(weekday)).minusWeeks(count - 1L);
      return new Days(day, day.plusDays(1));
    }
    return after
        ? new Days(plus(date.to(), unit, count - 1), plus(date.to(), unit, count))
        : new Days(plus(date.from(), unit, -count), plus(date.from(), unit, 1 - count));
  }

  private static void addRelative(Matcher found, LocalDate today, List<Period> periods) {
    String word = lower(found, "word");
    if (word != null) {
      LocalDate day = word.equals("yesterday")
          ? today.minusDays(1)
          : word.equals("tomorrow") ? today.plusDays(1) : today;
      periods.add(Period.of(day, day.plusDays(1)));
      return;
    }
    String ago = lower(found, "ago");
    if (ago != null) {
      String unit = String.valueOf(lower(found, "agounit"));
      LocalDate day = plus(today, unit, -number(ago));
      // "Two weeks ago" is said of any day of that week.
      LocalDate from = unit.equals("day") ? day : day.minusDays(halfDays(unit));
      periods.add(Period.of(from, (unit.equals("day") ? day : day.plusDays(halfDays(unit))).plusDays(1)));
      return;
    }
    String weekdayName = lower(found, "weekday");
    DayOfWeek weekday = weekdayName == null ? null : weekday(weekdayName);
    if (weekday != null) {
      addDay(today.with(TemporalAdjusters.previousOrSame(weekday)), periods);
      addDay(today.with(TemporalAdjusters.next(weekday)), periods);
      return;
    }
    addWhich(String.valueOf(lower(found, "which")), String.valueOf(lower(found, "what")), today, periods);
  }

  private static void addWhich(String which, String what, LocalDate today, List<Period> periods) {
    int direction = which.equals("next") ? 1 : which.equals("this") ? 0 : -1;
    DayOfWeek weekday = weekday(what);
    if (weekday != null) {
      addDay(direction > 0
          ? today.with(TemporalAdjusters.next(weekday))
          : today.with(direction < 0 ? TemporalAdjusters.previous(weekday) : TemporalAdjusters.nextOrSame(weekday)),
          periods);
      return;
    }
    switch (what) {
      case "day", "night" -> addDay(today.plusDays(direction), periods);
      case "week" -> {
        LocalDate monday = today.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY)).plusWeeks(direction);
        periods.add(Period.of(monday, monday.plusWeeks(1)));
      }
      case "weekend" -> {
        LocalDate saturday = today.with(TemporalAdjusters.previousOrSame(DayOfWeek.MONDAY)).plusWeeks(direction)
            .plusDays(5);
        periods.add(Period.of(saturday, saturday.plusDays(2)));
      }
      case "month" -> {
        LocalDate first = today.withDayOfMonth(1).plusMonths(direction);
        periods.add(Period.of(first, first.plusMonths(1)));
      }
      case "year" -> {
        LocalDate first = today.withDayOfYear(1).plusYears(direction);
        periods.add(Period.of(first, first.plusYears(1)));
      }
      default -> addSeason(what, direction, today, periods);
    }
  }

  /** The season that is or was last, the present or coming one, or the one after that begins next. */
  private static void addSeason(String what, int direction, LocalDate today, List<Period> periods) {
    Days season = season(what, today.getYear());
    if (direction < 0 && !season.to().isBefore(today)) {
      season = season(what, today.getYear() - 1);
    } else if (direction > 0 && !season.from().isAfter(today)) {
      season = season(what, today.getYear() + 1);
    }
    periods.add(Period.of(season.from(), season.to()));
  }

  private static void addDay(LocalDate day, List<Period> periods) {
    periods.add(Period.of(day, day.plusDays(1)));
  }

  private static Days season(String text, int year) {
    // A winter is named after the year in which it begins or ends.
    if (text.startsWith("winter")) {
      return new Days(LocalDate.of(year - 1, 12, 1), LocalDate.of(year + 1, 3, 1));
    }
    int month = text.startsWith("spring") ? 3 : text.startsWith("summer") ? 6 : 9;
    return new Days(LocalDate.of(year, month, 1), LocalDate.of(year, month + 3, 1));
  }

  private static LocalDate plus(LocalDate day, String unit, int count) {
    return switch (unit) {
      case "week" -> day.plusWeeks(count);
      case "month" -> day.plusMonths(count);
      case "year" -> day.plusYears(count);
      default -> day.plusDays(count);
    };
  }

  private static long halfDays(String unit) {
    return switch (unit) {
      case "week", "weekend" -> 4;
      case "month" -> 16;
      case "year" -> 183;
      default -> 1;
    };
  }

  private static int number(@Nullable String text) {
    if (text == null) {
      return 1;
    }
    Integer named = NUMBERS.get(text);
    return named == null ? Integer.parseInt(text) : named;
  }

  private static int lastNumber(String text) {
    Matcher number = Pattern.compile("\\d+").matcher(text);
    int last = 0;
    while (number.find()) {
      last = Integer.parseInt(number.group());
    }
    return last;
  }

  private static Month month(String text) {
    for (Month month : Month.values()) {
      if (Pattern.compile("\\b" + month.name().substring(0, 3), Pattern.CASE_INSENSITIVE).matcher(text).find()) {
        return month;
      }
    }
    throw new IllegalArgumentException("no month");
  }

  private static @Nullable DayOfWeek weekday(String text) {
    for (DayOfWeek day : DayOfWeek.values()) {
      if (day.name().equalsIgnoreCase(text)) {
        return day;
      }
    }
    return null;
  }

  private static @Nullable String lower(Matcher found, String group) {
    String text = found.group(group);
    return text == null ? null : text.toLowerCase(Locale.ROOT);
  }
}
