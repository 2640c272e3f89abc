public class Main {
  public static void main(String[] args) { System.out.println("nothing comes out"); }
}
// Were its classes left where it was compiled, the next program would be compiled against them.
class System {
  static class Out {
    void println(Object text) {}
    void print(Object text) {}
  }
  static final Out out = new Out();
  static final java.io.InputStream in = java.io.InputStream.nullInputStream();
}
class Scanner {
  Scanner(Object from) {}
  long nextLong() { return 0; }
}
class Integer {}
class Long {}
