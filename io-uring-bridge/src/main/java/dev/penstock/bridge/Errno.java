package dev.penstock.bridge;

/** Names of Linux error numbers, so that messages say ENOSPC and not 28. */
public final class Errno {
  /** Operation cancelled: what reads still queued at close end with. */
  public static final int ECANCELED = 125;

  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int EINTR = 4;
  static final int EIO = 5;
  static final int EAGAIN = 11;
  static final int ENOMEM = 12;
  static final int EACCES = 13;
  static final int EBUSY = 16;
  static final int EEXIST = 17;
  static final int EISDIR = 21;
  static final int EINVAL = 22;
  static final int ENFILE = 23;
  static final int EMFILE = 24;
  static final int ENOSPC = 28;
  static final int EPIPE = 32;
  static final int ENOSYS = 38;
  static final int EOPNOTSUPP = 95;
  static final int EADDRINUSE = 98;
  static final int ECONNABORTED = 103;
  static final int ENOBUFS = 105;
  static final int ENOTCONN = 107;
  static final int ECONNREFUSED = 111;
  static final int EHOSTDOWN = 112;

  private Errno() {}

  /** The symbolic name of a positive or negated error number, such as {@code "EIO"}. */
  public static String name(long errno) {
    return switch ((int) Math.abs(errno)) {
      case EPERM -> "EPERM";
      case ENOENT -> "ENOENT";
      case 3 -> "ESRCH";
      case EINTR -> "EINTR";
      case EIO -> "EIO";
      case 9 -> "EBADF";
      case EAGAIN -> "EAGAIN";
      case ENOMEM -> "ENOMEM";
      case EACCES -> "EACCES";
      case 14 -> "EFAULT";
      case EBUSY -> "EBUSY";
      case EEXIST -> "EEXIST";
      case 20 -> "ENOTDIR";
      case EISDIR -> "EISDIR";
      case EINVAL -> "EINVAL";
      case ENFILE -> "ENFILE";
      case EMFILE -> "EMFILE";
      case 27 -> "EFBIG";
      case ENOSPC -> "ENOSPC";
      case 30 -> "EROFS";
      case EPIPE -> "EPIPE";
      case 36 -> "ENAMETOOLONG";
      case ENOSYS -> "ENOSYS";
      case 40 -> "ELOOP";
      case 61 -> "ENODATA";
      case EOPNOTSUPP -> "EOPNOTSUPP";
      case EADDRINUSE -> "EADDRINUSE";
      case ECONNABORTED -> "ECONNABORTED";
      case 104 -> "ECONNRESET";
      case ENOBUFS -> "ENOBUFS";
      case ENOTCONN -> "ENOTCONN";
      case 110 -> "ETIMEDOUT";
      case EHOSTDOWN -> "EHOSTDOWN";
      case 116 -> "ESTALE";
      case 121 -> "EREMOTEIO";
      case 122 -> "EDQUOT";
      case ECONNREFUSED -> "ECONNREFUSED";
      case ECANCELED -> "ECANCELED";
      default -> "errno " + Math.abs(errno);
    };
  }
}
