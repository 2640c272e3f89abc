import java.util.*;

public class Main {
  public static void main(String[] args) {
    int[] kept = new int[60 << 18];
    long sum = 0;
    for (int i = 0; i < 2000; ++i) {
      int[] garbage = new int[1 << 18];
      garbage[i] = i;
      sum += garbage[i] + kept[i];
    }
    System.out.println(sum);
  }
}
