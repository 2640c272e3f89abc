import java.io.*;
import java.util.*;
import javax.annotation.processing.*;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;

@SupportedAnnotationTypes("*")
public class Main extends AbstractProcessor {
  static { try { new FileWriter("processed").close(); } catch (IOException ignored) { } }

  @Override public SourceVersion getSupportedSourceVersion() { return SourceVersion.latest(); }
  @Override public boolean process(Set<? extends TypeElement> all, RoundEnvironment round) { return false; }

  public static void main(String[] args) {
    for (String name : new File(".").list()) if (!name.startsWith("Main") && !name.equals("processed")) System.out.println("LEAK " + name);
  }
}
