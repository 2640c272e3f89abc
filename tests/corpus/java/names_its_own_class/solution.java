package org.example.answers;

import java.util.*;

/* public class Decoy { public static void main(String[] a) {} } */
interface Shape { double area(); }

record Square(double side) implements Shape {
  public double area() { return side * side; }
}

public class Solution {
  static final String TEXT = "public class Decoy {";
  enum Kind { SMALL, LARGE }

  public static void main(String[] args) {
    Scanner in = new Scanner(System.in);
    List<Shape> shapes = new ArrayList<>();
    while (in.hasNextDouble()) shapes.add(new Square(in.nextDouble()));
    double sum = shapes.stream().mapToDouble(Shape::area).sum();
    Runnable tell = new Runnable() {
      public void run() { System.out.println((sum > 10 ? Kind.LARGE : Kind.SMALL) + " " + sum); }
    };
    tell.run();
  }
}
