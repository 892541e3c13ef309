"""The headless side: reads opinions and settles markets; never imports the console or the web."""
