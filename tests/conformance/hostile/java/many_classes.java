class C{number} {}  // repeated
public class Main { public static void main(String[] args) {} }
