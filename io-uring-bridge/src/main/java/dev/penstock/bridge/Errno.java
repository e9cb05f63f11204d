package dev.penstock.bridge;

/** Names of Linux error numbers, so that messages say ENOSPC and not 28. */
public final class Errno {
  /** Operation cancelled: what reads still queued at close end with. */
  public static final int ECANCELED = 125;

  static final int EIO = 5;
  static final int EBADF = 9;

  private Errno() {}

  /** The symbolic name of a positive or negated error number, such as {@code "EIO"}. */
  public static String name(long errno) {
    return switch ((int) Math.abs(errno)) {
      case 1 -> "EPERM";
      case 2 -> "ENOENT";
      case 4 -> "EINTR";
      case 5 -> "EIO";
      case 9 -> "EBADF";
      case 11 -> "EAGAIN";
      case 12 -> "ENOMEM";
      case 13 -> "EACCES";
      case 14 -> "EFAULT";
      case 16 -> "EBUSY";
      case 17 -> "EEXIST";
      case 21 -> "EISDIR";
      case 22 -> "EINVAL";
      case 24 -> "EMFILE";
      case 27 -> "EFBIG";
      case 28 -> "ENOSPC";
      case 32 -> "EPIPE";
      case 38 -> "ENOSYS";
      case 95 -> "EOPNOTSUPP";
      case 104 -> "ECONNRESET";
      case 110 -> "ETIMEDOUT";
      case 116 -> "ESTALE";
      case 125 -> "ECANCELED";
      default -> "errno " + Math.abs(errno);
    };
  }
}
