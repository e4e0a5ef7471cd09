package dev.memlane.spring.ai;

import dev.memlane.model.Filter;
import dev.memlane.model.InvalidInputException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.ai.vectorstore.filter.Filter.Expression;
import org.springframework.ai.vectorstore.filter.Filter.ExpressionType;
import org.springframework.ai.vectorstore.filter.Filter.Group;
import org.springframework.ai.vectorstore.filter.Filter.Key;
import org.springframework.ai.vectorstore.filter.Filter.Operand;
import org.springframework.ai.vectorstore.filter.Filter.Value;

/**
 * The translation of Spring AI's filter expressions.
 *
 * <p>
 * A comparison with a key that is absent does not hold. {@code NE}, {@code NIN} and {@code NOT} hold whenever what they
 * negate does not, also for an absent key. A list matches if one of its elements does.
 */
@SuppressWarnings("BadImport") // Memlane has a Filter, too.
final class FilterTranslator {

  private FilterTranslator() {}

  /**
   * Translates an expression.
   *
   * @throws InvalidInputException if it is not well formed, is nested too deeply, or has a value that no memory can hold
   */
  static Filter translate(Expression expression) {
    return switch (expression.type()) {
      case AND -> new Filter.And(parts(expression));
      case OR -> new Filter.Or(parts(expression));
      case NOT -> Filter.not(translate(expression.left()));
      case EQ -> Filter.equal(key(expression), value(expression));
      case NE -> Filter.not(Filter.equal(key(expression), value(expression)));
      case GT -> Filter.greaterThan(key(expression), value(expression));
      case GTE -> Filter.atLeast(key(expression), value(expression));
      case LT -> Filter.lessThan(key(expression), value(expression));
      case LTE -> Filter.atMost(key(expression), value(expression));
      case IN -> in(expression);
      case NIN -> Filter.not(in(expression));
      case ISNULL -> Filter.not(Filter.exists(key(expression)));
      case ISNOTNULL -> Filter.exists(key(expression));
    };
  }

  private static Filter translate(@Nullable Operand operand) {
    if (ungrouped(operand) instanceof Expression expression) {
      return translate(expression);
    }
    throw malformed("where a condition must be, there is " + describe(operand));
  }

  /**
   * The conditions that a chain of the same operator joins. Spring AI's operators have two operands, so a long chain is
   * a deep tree, and would be beyond the depth that filters may have.
   */
  private static List<Filter> parts(Expression chain) {
    List<Filter> parts = new ArrayList<>();
    Deque<Operand> open = new ArrayDeque<>();
    open.push(chain);
    while (!open.isEmpty()) {
      Operand operand = open.pop();
      if (ungrouped(operand) instanceof Expression expression && expression.type() == chain.type()) {
        Operand right = expression.right();
        if (right == null) {
          throw malformed(chain.type() + " has one operand");
        }
        open.push(right);
        open.push(expression.left());
      } else {
        parts.add(translate(operand));
      }
    }
    return parts;
  }

  private static @Nullable Operand ungrouped(@Nullable Operand operand) {
    Operand inner = operand;
    while (inner instanceof Group group) {
      inner = group.content();
    }
    return inner;
  }

  private static Filter in(Expression expression) {
    Object value = value(expression);
    return new Filter.In(key(expression),
        value instanceof Collection<?> values ? List.copyOf(values) : List.of(value));
  }

  /** The key. Spring AI's parser leaves the quotes around keys that need them, such as those with blanks. */
  private static String key(Expression expression) {
    if (!(expression.left() instanceof Key key)) {
      throw malformed(expression.type() + " needs a key on its left side, and there is " + describe(expression.left()));
    }
    String name = key.key();
    boolean quoted = name.length() >= 2 && (name.startsWith("\"") && name.endsWith("\"")
        || name.startsWith("'") && name.endsWith("'"));
    return quoted ? name.substring(1, name.length() - 1) : name;
  }

  private static Object value(Expression expression) {
    if (!(expression.right() instanceof Value value)) {
      throw malformed(
          expression.type() + " needs a value on its right side, and there is " + describe(expression.right()));
    }
    Object given = value.value();
    if (given == null) {
      throw malformed(expression.type() + " can't compare with null; use " + ExpressionType.ISNULL + " or "
          + ExpressionType.ISNOTNULL);
    }
    return MetadataValues.value(given);
  }

  private static String describe(@Nullable Operand operand) {
    return switch (operand) {
      case null -> "nothing";
      case Key key -> "a key";
      case Value value -> "a value";
      default -> "an expression";
    };
  }

  private static InvalidInputException malformed(String why) {
    return new InvalidInputException("the filter expression is not well formed: " + why);
  }
}
