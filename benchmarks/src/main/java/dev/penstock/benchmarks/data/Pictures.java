package dev.penstock.benchmarks.data;

import java.util.random.RandomGenerator;

/**
 * Small colour pictures of ten kinds of shape, each turned, moved, scaled and coloured at random
 * with a little noise: enough for a model to learn from within seconds. Shapes are drawn from their
 * signed distance, with soft edges. Not thread-safe.
 */
public final class Pictures {
  /** Width and height. */
  public static final int SIDE = 32;

  /** Kinds of shape, and so labels. */
  public static final int KINDS = 10;

  private final RandomGenerator random;
  private final byte[] rgb = new byte[3 * SIDE * SIDE];

  /** Draws with this randomness. */
  public Pictures(RandomGenerator random) {
    this.random = random;
  }

  /** The next picture of a kind as red, green and blue bytes; valid until the next call. */
  public byte[] draw(int kind) {
    double angle = (random.nextDouble() - 0.5) * 0.7;
    double cos = Math.cos(angle);
    double sin = Math.sin(angle);
    double scale = 9 + 4 * random.nextDouble();
    double centreX = SIDE / 2.0 + 4 * (random.nextDouble() - 0.5);
    double centreY = SIDE / 2.0 + 4 * (random.nextDouble() - 0.5);
    double[] paper = {40 * random.nextDouble(), 40 * random.nextDouble(), 40 * random.nextDouble()};
    double[] ink = {150 + ink(), 150 + ink(), 150 + ink()};
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        double dx = (x + 0.5 - centreX) / scale;
        double dy = (y + 0.5 - centreY) / scale;
        double distance = distance(kind, dx * cos + dy * sin, dy * cos - dx * sin) * scale;
        double covered = Math.clamp(0.5 - distance, 0, 1);
        double noise = 12 * random.nextGaussian();
        for (int channel = 0; channel < 3; channel++) {
          double value = paper[channel] + covered * (ink[channel] - paper[channel]) + noise;
          rgb[3 * (y * SIDE + x) + channel] = (byte) (int) Math.clamp(value, 0, 255);
        }
      }
    }
    return rgb;
  }

  private double ink() {
    return 105 * random.nextDouble();
  }

  /** Distance to the edge of a shape of radius 1 around the origin, negative inside. */
  private static double distance(int kind, double x, double y) {
    double radius = Math.hypot(x, y);
    double ax = Math.abs(x);
    double ay = Math.abs(y);
    return switch (kind) {
      case 0 -> radius - 0.9; // disc
      case 1 -> Math.abs(radius - 0.75) - 0.2; // ring
      case 2 -> Math.max(ax, ay) - 0.8; // square
      case 3 -> Math.abs(Math.max(ax, ay) - 0.65) - 0.18; // frame
      case 4 -> (ax + ay - 1.1) * Math.sqrt(0.5); // diamond
      case 5 -> Math.max(0.87 * ax + 0.5 * y, -y) - 0.5; // triangle
      case 6 -> Math.min(Math.max(ax - 0.95, ay - 0.25), Math.max(ay - 0.95, ax - 0.25)); // plus
      case 7 -> Math.max(ax - 0.3, ay - 0.95); // upright bar
      case 8 -> Math.max(ay - 0.3, ax - 0.95); // lying bar
      default -> radius - 0.62 - 0.3 * Math.cos(5 * Math.atan2(x, -y)); // star
    };
  }
}
