import java.io.*;
import java.util.*;

public class Main {
  public static void main(String[] args) throws IOException {
    StreamTokenizer in = new StreamTokenizer(new BufferedInputStream(System.in));
    long sum = 0;
    while (in.nextToken() != StreamTokenizer.TT_EOF) sum += (long) in.nval;
    System.out.println(sum);
  }
}
