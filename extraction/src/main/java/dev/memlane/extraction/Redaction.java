package dev.memlane.extraction;

import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A redaction of what reaches people and accounts: e-mail addresses, phone numbers and card numbers are replaced by
 * {@code [e-mail]}, {@code [phone]} and {@code [card]} before a text is sent to a model.
 *
 * <pre>{@code
 * MemoryExtractor.builder(memory, database, model).redaction(new Redaction())
 * }</pre>
 *
 * <p>
 * It goes by the form alone. A card number has 13 to 19 digits and a valid check digit. A phone number begins with a country
 * code or a zero, or is grouped as in North America; other rows of digits stay, as do dates, times, prices and versions. So it
 * finds what is usual, and is no proof that nothing is left. Time is linear in the text's length. Safe for use by several
 * threads.
 */
public final class Redaction implements UnaryOperator<String> {

  private static final Pattern EMAIL = Pattern.compile(
      "(?<![\\p{L}\\p{N}._%+-])[\\p{L}\\p{N}._%+-]++@[\\p{L}\\p{N}-]{1,63}(?:\\.[\\p{L}\\p{N}-]{1,63}){1,10}");
  private static final Pattern CARD = Pattern.compile("(?<![\\d.,-])[2-6]\\d{3}(?:[ -]?\\d){9,15}(?![\\d,-]|\\.\\d)");
  private static final Pattern PHONE = Pattern.compile("""
      (?<![\\w.,/+-])(?:\
      (?:\\+|00(?=[1-9]))\\d(?:[ ./()-]{0,2}\\d){6,14}|\
      (?:\\(\\d{3}\\) ?|\\d{3}[-. ])\\d{3}[-. ]\\d{4}|\
      0[1-9]\\d{0,3}[ /-]{1,3}\\d{3,4}(?:[ -]?\\d{2,4}){1,3}\
      )(?![\\w-]|[.,:]\\d)""");
  private static final int BASE = 10;

  @Override
  public String apply(String text) {
    String withoutMail = EMAIL.matcher(text).replaceAll("[e-mail]");
    String withoutCards = CARD.matcher(withoutMail)
        .replaceAll(found -> isCard(found.group()) ? "[card]" : Matcher.quoteReplacement(found.group()));
    return PHONE.matcher(withoutCards).replaceAll("[phone]");
  }

  /** Whether the last digit is the check digit of the others, by Luhn's formula (ISO/IEC 7812-1). */
  private static boolean isCard(String written) {
    int sum = 0;
    int place = 0;
    for (int i = written.length() - 1; i >= 0; i--) {
      int digit = written.charAt(i) - '0';
      if (digit >= 0 && digit < BASE) {
        int value = place % 2 == 0 ? digit : 2 * digit;
        sum += value / BASE + value % BASE;
        place++;
      }
    }
    return sum % BASE == 0;
  }

  @Override
  public String toString() {
    return "Redaction";
  }
}
