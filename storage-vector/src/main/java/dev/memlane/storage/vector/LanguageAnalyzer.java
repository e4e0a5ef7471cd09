package dev.memlane.storage.vector;

import java.io.IOException;
import java.util.Locale;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.AnalyzerWrapper;
import org.apache.lucene.analysis.CharArraySet;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.StopFilter;
import org.apache.lucene.analysis.StopwordAnalyzerBase;
import org.apache.lucene.analysis.TokenFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.Tokenizer;
import org.apache.lucene.analysis.ar.ArabicAnalyzer;
import org.apache.lucene.analysis.bg.BulgarianAnalyzer;
import org.apache.lucene.analysis.bn.BengaliAnalyzer;
import org.apache.lucene.analysis.br.BrazilianAnalyzer;
import org.apache.lucene.analysis.ca.CatalanAnalyzer;
import org.apache.lucene.analysis.cjk.CJKBigramFilter;
import org.apache.lucene.analysis.cjk.CJKWidthFilter;
import org.apache.lucene.analysis.ckb.SoraniAnalyzer;
import org.apache.lucene.analysis.cz.CzechAnalyzer;
import org.apache.lucene.analysis.da.DanishAnalyzer;
import org.apache.lucene.analysis.de.GermanAnalyzer;
import org.apache.lucene.analysis.de.GermanLightStemFilter;
import org.apache.lucene.analysis.el.GreekAnalyzer;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.es.SpanishAnalyzer;
import org.apache.lucene.analysis.et.EstonianAnalyzer;
import org.apache.lucene.analysis.eu.BasqueAnalyzer;
import org.apache.lucene.analysis.fa.PersianAnalyzer;
import org.apache.lucene.analysis.fi.FinnishAnalyzer;
import org.apache.lucene.analysis.fr.FrenchAnalyzer;
import org.apache.lucene.analysis.ga.IrishAnalyzer;
import org.apache.lucene.analysis.gl.GalicianAnalyzer;
import org.apache.lucene.analysis.hi.HindiAnalyzer;
import org.apache.lucene.analysis.hu.HungarianAnalyzer;
import org.apache.lucene.analysis.hy.ArmenianAnalyzer;
import org.apache.lucene.analysis.id.IndonesianAnalyzer;
import org.apache.lucene.analysis.it.ItalianAnalyzer;
import org.apache.lucene.analysis.lt.LithuanianAnalyzer;
import org.apache.lucene.analysis.lv.LatvianAnalyzer;
import org.apache.lucene.analysis.ne.NepaliAnalyzer;
import org.apache.lucene.analysis.nl.DutchAnalyzer;
import org.apache.lucene.analysis.no.NorwegianAnalyzer;
import org.apache.lucene.analysis.pt.PortugueseAnalyzer;
import org.apache.lucene.analysis.ro.RomanianAnalyzer;
import org.apache.lucene.analysis.ru.RussianAnalyzer;
import org.apache.lucene.analysis.sr.SerbianAnalyzer;
import org.apache.lucene.analysis.standard.StandardAnalyzer;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.analysis.sv.SwedishAnalyzer;
import org.apache.lucene.analysis.ta.TamilAnalyzer;
import org.apache.lucene.analysis.te.TeluguAnalyzer;
import org.apache.lucene.analysis.th.ThaiAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.analysis.tr.TurkishAnalyzer;

/**
 * The analyzer of a language: Lucene's, with stemming and without stop words such as "the" and "of". In a language that
 * Lucene doesn't know, words stay unchanged. {@link Words} adds other spellings.
 *
 * <p>
 * In every language, Chinese, Japanese and Korean are split into single characters and pairs, because nothing separates
 * their words. A pair that a text has in the same order says much, a single character little, and no dictionary is
 * needed, which could be wrong. So texts that mix languages are found whatever the index's language is. The exception
 * is Thai, which Lucene splits by a dictionary that knows no other language.
 */
final class LanguageAnalyzer extends AnalyzerWrapper {

  private static final int PAIRED = CJKBigramFilter.HAN | CJKBigramFilter.HIRAGANA | CJKBigramFilter.KATAKANA
      | CJKBigramFilter.HANGUL;

  private final Analyzer words;

  private LanguageAnalyzer(Analyzer words) {
    super(words.getReuseStrategy());
    this.words = words;
  }

  static Analyzer of(Locale language) {
    return new LanguageAnalyzer(words(language));
  }

  /** The analyzer of German nouns, whose plurals may have an umlaut that their singulars lack. */
  static Analyzer ofGermanNouns() {
    return new LanguageAnalyzer(new GermanAnalyzer());
  }

  @Override
  protected Analyzer getWrappedAnalyzer(String field) {
    return words;
  }

  @Override
  protected TokenStreamComponents wrapComponents(String field, TokenStreamComponents components) {
    return new TokenStreamComponents(components.getSource(),
        new CJKBigramFilter(new CJKWidthFilter(components.getTokenStream()), PAIRED, true));
  }

  private static Analyzer words(Locale language) {
    return switch (language.getLanguage()) {
      case "ar" -> new ArabicAnalyzer();
      case "bg" -> new BulgarianAnalyzer();
      case "bn" -> new BengaliAnalyzer();
      case "ca" -> new CatalanAnalyzer();
      case "ckb" -> new SoraniAnalyzer();
      case "cs" -> new CzechAnalyzer();
      case "da" -> new DanishAnalyzer();
      case "de" -> new GermanWords();
      case "el" -> new GreekAnalyzer();
      case "en" -> new EnglishAnalyzer();
      case "es" -> new SpanishAnalyzer();
      case "et" -> new EstonianAnalyzer();
      case "eu" -> new BasqueAnalyzer();
      case "fa" -> new PersianAnalyzer();
      case "fi" -> new FinnishAnalyzer();
      case "fr" -> new FrenchAnalyzer();
      case "ga" -> new IrishAnalyzer();
      case "gl" -> new GalicianAnalyzer();
      case "hi" -> new HindiAnalyzer();
      case "hu" -> new HungarianAnalyzer();
      case "hy" -> new ArmenianAnalyzer();
      case "id" -> new IndonesianAnalyzer();
      case "it" -> new ItalianAnalyzer();
      case "lt" -> new LithuanianAnalyzer();
      case "lv" -> new LatvianAnalyzer();
      case "nb", "nn", "no" -> new NorwegianAnalyzer();
      case "ne" -> new NepaliAnalyzer();
      case "nl" -> new DutchAnalyzer();
      case "pt" -> "BR".equals(language.getCountry()) ? new BrazilianAnalyzer() : new PortugueseAnalyzer();
      case "ro" -> new RomanianAnalyzer();
      case "ru" -> new RussianAnalyzer();
      case "sr" -> new SerbianAnalyzer();
      case "sv" -> new SwedishAnalyzer();
      case "ta" -> new TamilAnalyzer();
      case "te" -> new TeluguAnalyzer();
      case "th" -> new ThaiAnalyzer();
      case "tr" -> new TurkishAnalyzer();
      default -> new StandardAnalyzer(CharArraySet.EMPTY_SET);
    };
  }

  /**
   * Lucene's analyzer of German, except that ä, ö and ü stay different from a, o and u. The spellings ae, oe and ue are
   * read as umlauts.
   */
  private static final class GermanWords extends StopwordAnalyzerBase {

    GermanWords() {
      super(GermanAnalyzer.getDefaultStopSet());
    }

    @Override
    protected TokenStreamComponents createComponents(String field) {
      Tokenizer source = new StandardTokenizer();
      TokenStream words = new StopFilter(new LowerCaseFilter(source), stopwords);
      return new TokenStreamComponents(source, new GermanLightStemFilter(new Umlauts(words)));
    }

    @Override
    protected TokenStream normalize(String field, TokenStream in) {
      return new Umlauts(new LowerCaseFilter(in));
    }
  }

  /** A filter that replaces umlauts by letters unknown to the stemmer, which would turn umlauts into plain letters. */
  private static final class Umlauts extends TokenFilter {

    private static final char A = 'æ';
    private static final char O = 'œ';
    private static final char U = '\u028F';

    private final CharTermAttribute term = addAttribute(CharTermAttribute.class);

    Umlauts(TokenStream input) {
      super(input);
    }

    @Override
    public boolean incrementToken() throws IOException {
      if (!input.incrementToken()) {
        return false;
      }
      String word = term.toString();
      term.setEmpty();
      for (int i = 0; i < word.length(); i++) {
        char c = word.charAt(i);
        char umlaut = umlaut(word, i);
        if (umlaut != 0) {
          term.append(umlaut);
          i++;
        } else {
          switch (c) {
            case 'ä' -> term.append(A);
            case 'ö' -> term.append(O);
            case 'ü' -> term.append(U);
            case 'ß' -> term.append("ss");
            default -> term.append(c);
          }
        }
      }
      return true;
    }

    /**
     * The umlaut that a letter and the e after it stand for, or 0. In neue and Quelle they are two separate letters.
     */
    private static char umlaut(String word, int at) {
      if (at + 1 >= word.length() || word.charAt(at + 1) != 'e') {
        return 0;
      }
      return switch (word.charAt(at)) {
        case 'a' -> A;
        case 'o' -> O;
        case 'u' -> at > 0 && "aeiouyqäöü".indexOf(word.charAt(at - 1)) >= 0 ? 0 : U;
        default -> 0;
      };
    }
  }
}
