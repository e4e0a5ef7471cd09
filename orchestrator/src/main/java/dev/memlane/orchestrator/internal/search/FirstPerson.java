package dev.memlane.orchestrator.internal.search;

import java.util.Locale;
import java.util.Map;

/**
 * The first person of a language: what its speakers call themselves.
 *
 * @param subject such as "I"; empty where it is not known, so that names are left out
 * @param possessive what stands for a name with the language's mark of possession; of no use where it has none
 * @param mark the ending that marks possession, such as "'s"; empty if the language has none
 */
record FirstPerson(String subject, String possessive, String mark) {

  private static final FirstPerson UNKNOWN = new FirstPerson("", "", "");

  /** In the languages whose words the index knows. Those whose names change with their case are found in their basic form. */
  private static final Map<String, String> SUBJECTS = Map.ofEntries(Map.entry("ar", "أنا"), Map.entry("bg", "аз"),
      Map.entry("bn", "আমি"), Map.entry("ca", "jo"), Map.entry("ckb", "من"), Map.entry("cs", "já"),
      Map.entry("da", "jeg"), Map.entry("de", "ich"), Map.entry("el", "εγώ"), Map.entry("es", "yo"),
      Map.entry("et", "mina"), Map.entry("eu", "ni"), Map.entry("fa", "من"), Map.entry("fi", "minä"),
      Map.entry("fr", "je"), Map.entry("ga", "mé"), Map.entry("gl", "eu"), Map.entry("hi", "मैं"),
      Map.entry("hu", "én"), Map.entry("hy", "ես"), Map.entry("id", "saya"), Map.entry("it", "io"),
      Map.entry("lt", "aš"), Map.entry("lv", "es"), Map.entry("nb", "jeg"), Map.entry("ne", "म"),
      Map.entry("nl", "ik"), Map.entry("nn", "eg"), Map.entry("no", "jeg"), Map.entry("pt", "eu"),
      Map.entry("ro", "eu"), Map.entry("ru", "я"), Map.entry("sr", "ја"), Map.entry("sv", "jag"),
      Map.entry("ta", "நான்"), Map.entry("te", "నేను"), Map.entry("th", "ฉัน"), Map.entry("tr", "ben"));

  static FirstPerson of(Locale language) {
    String code = language.getLanguage();
    if (code.equals("en")) {
      return new FirstPerson("I", "my", "'s");
    }
    if (code.equals("nl")) {
      return new FirstPerson("ik", "mijn", "'s");
    }
    String subject = SUBJECTS.get(code);
    return subject == null ? UNKNOWN : new FirstPerson(subject, subject, "");
  }

  /** Where the mark of possession ends that begins at a place in a text; that place if none does. */
  int endOfPossessive(String text, int at) {
    if (mark.isEmpty() || at >= text.length()) {
      return at;
    }
    char first = text.charAt(at);
    boolean marked = (first == '\'' || first == '\u2019')
        && text.regionMatches(true, at + 1, mark, 1, mark.length() - 1);
    int end = at + mark.length();
    boolean ends = marked && (end >= text.length() || !Character.isLetterOrDigit(text.codePointAt(end)));
    return ends ? end : at;
  }
}
