import java.io.*;
import java.nio.charset.*;

public class Main {
  static String größer(String text) { return text.toUpperCase(); }

  public static void main(String[] args) throws IOException {
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    System.out.println(größer(in.readLine()) + " — ΩЖ漢😀");
  }
}
