package dev.penstock.loader.cli;

import dev.penstock.bridge.BudgetExceededException;
import dev.penstock.formats.MalformedRecordException;
import dev.penstock.loader.MemoryTooSmallException;
import dev.penstock.loader.PipelineFailedException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** The command line: finds the verb, runs it, turns what went wrong into a message and a status. */
public final class Main {
  private static final int HELP_COLUMNS = 100;
  private static final int LAST = 1000;
  private static final OptionSpec HELP =
      OptionSpec.builder("-h", "--help")
          .usageHelp(true)
          .order(LAST)
          .description("Show this help and exit.")
          .build();

  /** Our own verbs in the order of the help; further ones are found as services. */
  private static final Map<String, Supplier<Verb>> VERBS = new LinkedHashMap<>();

  static {
    VERBS.put("read", ReadVerb::new);
    VERBS.put("plan", PlanVerb::new);
    VERBS.put("explain", ExplainVerb::new);
    VERBS.put("index", IndexVerb::new);
    VERBS.put("inspect", InspectVerb::new);
    VERBS.put("cat", CatVerb::new);
    VERBS.put("verify", VerifyVerb::new);
    VERBS.put("pack", PackVerb::new);
    VERBS.put("serve", ServeVerb::new);
    VERBS.put("status", StatusVerb::new);
    VERBS.put("doctor", DoctorVerb::new);
  }

  private Main() {}

  /** Runs one verb and ends the process with its exit status. */
  public static void main(String[] arguments) {
    defaultLogging();
    PrintStream out =
        new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
    int status = run(new Console(out, System.err), arguments);
    out.flush();
    System.exit(status);
  }

  /** Runs one verb in this process and returns its exit status. */
  public static int run(Console console, String... arguments) {
    CommandLine command = commandLine(console, arguments);
    int status = command.execute(arguments);
    console.out().flush();
    return status;
  }

  static CommandLine commandLine(Console console, String... arguments) {
    CommandLine command = new CommandLine(new Penstock());
    verbs(arguments).forEach(command::addSubcommand);
    writeTo(console, command);
    command.registerConverter(ByteSize.class, new ByteSize.Converter());
    command.registerConverter(StoreSpeed.class, new StoreSpeed.Converter());
    command.registerConverter(StepRange.class, new StepRange.Converter());
    command.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8));
    command.setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8));
    command.setUsageHelpWidth(HELP_COLUMNS);
    command.setUsageHelpLongOptionsMaxWidth(26);
    command.setCaseInsensitiveEnumValuesAllowed(true);
    command.setAbbreviatedOptionsAllowed(false);
    command.setUnmatchedOptionsArePositionalParams(false);
    command.setParameterExceptionHandler((e, given) -> wrongUsage(console, e.getCommandLine(), e));
    command.setExecutionExceptionHandler((e, failed, parsed) -> failed(console, failed, e));
    return command;
  }

  /**
   * The verb that the arguments begin with, or all of them: reading the options of every verb takes
   * longer than many a verb's work.
   */
  private static List<Verb> verbs(String... arguments) {
    String first = arguments.length == 0 ? "" : arguments[0];
    if (first.equals("--version") || first.equals("-V")) {
      return List.of();
    }
    Supplier<Verb> named = VERBS.get(first);
    if (named != null) {
      return List.of(named.get());
    }
    List<ServiceLoader.Provider<Verb>> others = ServiceLoader.load(Verb.class).stream().toList();
    for (ServiceLoader.Provider<Verb> other : others) {
      if (other.type().getAnnotation(Command.class).name().equals(first)) {
        return List.of(other.get());
      }
    }
    List<Verb> verbs = new ArrayList<>();
    VERBS.values().forEach(verb -> verbs.add(verb.get()));
    others.forEach(other -> verbs.add(other.get()));
    return verbs;
  }

  private static void writeTo(Console console, CommandLine command) {
    if (command.getCommand() instanceof Verb verb) {
      verb.writeTo(console);
      command.getCommandSpec().addOption(HELP);
    }
    command.getSubcommands().values().forEach(part -> writeTo(console, part));
  }

  private static int wrongUsage(Console console, CommandLine command, Exception e) {
    String name = command.getCommandSpec().qualifiedName();
    console.note("%s: %s", name, explained(e));
    if (e instanceof ParameterException unmatched) {
      CommandLine.UnmatchedArgumentException.printSuggestions(unmatched, command.getErr());
    }
    console.note("Try '%s --help'.", name);
    return ExitCode.WRONG_USAGE;
  }

  private static int failed(Console console, CommandLine command, Exception e) {
    boolean memoryTooSmall =
        e instanceof MemoryTooSmallException || e instanceof BudgetExceededException;
    if (e instanceof UsageException || memoryTooSmall) {
      return wrongUsage(console, command, e);
    }
    String name = command.getCommandSpec().qualifiedName();
    console.note("%s: %s", name, explained(e));
    if (e instanceof RuntimeException && !(e instanceof PipelineFailedException)) {
      e.printStackTrace(console.err()); // a mistake of ours: whoever mends it needs the place
    }
    return isBadData(e) ? ExitCode.BAD_DATA : ExitCode.FAILED;
  }

  private static String explained(Exception e) {
    String message = e.getMessage();
    if (message == null) {
      return e.getClass().getSimpleName();
    }
    boolean systemWords =
        e instanceof IOException && e.getClass().getPackageName().equals("java.nio.file");
    return systemWords ? e.getClass().getSimpleName() + ": " + message : message;
  }

  private static boolean isBadData(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof MalformedRecordException) {
        return true;
      }
    }
    return false;
  }

  /** Logs warnings and worse, unless the caller set it otherwise. */
  private static void defaultLogging() {
    setIfAbsent("org.slf4j.simpleLogger.defaultLogLevel", "warn");
    setIfAbsent("org.slf4j.simpleLogger.showDateTime", "true");
    setIfAbsent("org.slf4j.simpleLogger.dateTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
    setIfAbsent("org.slf4j.simpleLogger.showThreadName", "false");
  }

  private static void setIfAbsent(String key, String value) {
    if (System.getProperty(key) == null) {
      System.setProperty(key, value);
    }
  }
}
